#include "channel_rows.h"
#include "mean_pool.h"

namespace segue::kernels {
namespace {

ChannelBlocks check_shapes(const char* where, const View& x, const View& y) {
  check_dense(x, where, "x", DType::f32);
  require(x.shape.dims() == 4 && x.shape[1] * x.shape[2] > 0, where,
          "expects images (N,H,W,C) of at least one pixel; got ", x.shape);
  check_view(y, where, "y", DType::f32, {x.shape[0], 1, 1, x.shape[3]});
  return {x.shape[0], x.shape[1] * x.shape[2], x.shape[3]};
}

}  // namespace

void mean_pool(const CpuExec& exec, const View& x, const View& y) {
  const ChannelBlocks blocks = check_shapes("mean_pool", x, y);
  const int64_t width = blocks.rows.width, channels = blocks.rows.channels;
  const float* in = x.as<float>();
  float* o = y.as<float>();
  auto* partials = static_cast<double*>(exec.scratch->get(size_t(blocks.blocks() * width) * sizeof(double)));
  blocks.each([=](int64_t block, int64_t, int64_t begin, int64_t end) {
    double* sum = partials + block * width;
    std::fill_n(sum, width, 0.0);
    add_rows<1>(begin, end, width, sum, [=](int64_t e, int64_t) { return std::array{in[e]}; });
  });
  const double pixels = double(blocks.pixels);
  fold_channels<1>(blocks, partials, [=](int64_t image, int64_t first, int64_t n, const auto& sums) {
    for (int64_t c = 0; c < n; ++c) o[image * channels + first + c] = float(sums[0][size_t(c)] / pixels);
  });
}

void mean_pool_grad(const CpuExec& exec, const View& dy, const View& dx, bool accumulate) {
  const ChannelBlocks blocks = check_shapes("mean_pool_grad", dx, dy);
  const int64_t width = blocks.rows.width, channels = blocks.rows.channels;
  const float* g = dy.as<float>();
  float* o = dx.as<float>();
  auto* rows = static_cast<float*>(exec.scratch->get(size_t(blocks.groups * width) * sizeof(float)));
  const float share = 1.f / float(blocks.pixels);
  for (int64_t image = 0; image < blocks.groups; ++image) {
    float* row = rows + image * width;
    for (int64_t c = 0; c < channels; ++c) row[c] = g[image * channels + c] * share;
    for (int64_t i = channels; i < width; ++i) row[i] = row[i - channels];
  }
  blocks.each([=](int64_t, int64_t image, int64_t begin, int64_t end) {
    const float* row = rows + image * width;
    if (accumulate)
      map_rows(begin, end, width, [=](int64_t e, int64_t i) { o[e] += row[i]; });
    else
      map_rows(begin, end, width, [=](int64_t e, int64_t i) { o[e] = row[i]; });
  });
}

}  // namespace segue::kernels
