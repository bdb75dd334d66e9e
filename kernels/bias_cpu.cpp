#include "bias.h"
#include "channel_rows.h"

namespace segue::kernels {

void bias(const CpuExec& exec, const View& x, const View& b, const View& y) {
  check_dense(x, "bias", "x", DType::f32);
  check_view(b, "bias", "b", DType::f32, {x.channels()});
  check_view(y, "bias", "y", DType::f32, x.shape);
  const ChannelBlocks blocks(1, x.pixels(), x.channels());
  const int64_t width = blocks.rows.width;
  const float* in = x.as<float>();
  float* o = y.as<float>();
  float* row_bias = static_cast<float*>(exec.scratch->get(size_t(width) * sizeof(float)));
  blocks.rows.tile(b.as<float>(), row_bias);
  blocks.each([=](int64_t, int64_t, int64_t begin, int64_t end) {
    map_rows(begin, end, width, [=](int64_t e, int64_t i) { o[e] = in[e] + row_bias[i]; });
  });
}

void bias_grad(const CpuExec& exec, const View& dy, const View& db, bool accumulate) {
  check_dense(dy, "bias_grad", "dy", DType::f32);
  check_view(db, "bias_grad", "db", DType::f32, {dy.channels()});
  const ChannelBlocks blocks(1, dy.pixels(), dy.channels());
  const int64_t width = blocks.rows.width;
  const float* g = dy.as<float>();
  float* o = db.as<float>();
  auto* partials = static_cast<double*>(exec.scratch->get(size_t(blocks.blocks() * width) * sizeof(double)));
  blocks.each([=](int64_t block, int64_t, int64_t begin, int64_t end) {
    double* sum = partials + block * width;
    std::fill_n(sum, width, 0.0);
    add_rows<1>(begin, end, width, sum, [=](int64_t e, int64_t) { return std::array{g[e]}; });
  });
  fold_channels<1>(blocks, partials, [=](int64_t, int64_t first, int64_t n, const auto& sums) {
    for (int64_t c = 0; c < n; ++c) {
      const float sum = float(sums[0][size_t(c)]);
      o[first + c] = accumulate ? o[first + c] + sum : sum;
    }
  });
}

}  // namespace segue::kernels
