#include "label_reader.h"
#include "parallel.h"
#include "softmax_xent.h"
#include "xent_lanes.h"

namespace segue::kernels {
namespace {

constexpr int64_t kGrain = 1024;

/// Writes the gradients of the pixels in a tile and empties it. d may be null.
template <int L>
void finish(XentTile<L>& tile, float* d, int classes) {
  tile.softmax();
  for (int p = 0; d && p < tile.count; ++p) {
    const float *z = tile.of(p), factor = tile.factor[p], weight = tile.weight[p];
    const int label = tile.label[p];
    float* row = d + tile.where[p] * classes;
    for (int i = 0; i < classes; ++i) row[i] = factor * z[i] - (i == label ? weight : 0.f);
  }
  tile.count = 0;
}

/// Loss and gradient of the pixels [begin, end); the sum of their weighted losses.
template <int L>
double xent_pixels(const float* logits, float* d, int64_t begin, int64_t end, int classes, LabelReader& read) {
  XentTile<L> tile(lanes_of(classes));
  for (int64_t p = begin; p < end; ++p) {
    const PixelTarget target = read(p);
    if (target.weight == 0.f) {
      if (d) std::fill_n(d + p * classes, classes, 0.f);
      continue;
    }
    load_lanes<L>(logits + p * classes, classes, tile.lanes, tile.take(p, target));
    if (tile.full()) finish(tile, d, classes);
  }
  finish(tile, d, classes);
  return tile.loss;
}

}  // namespace

void softmax_xent(const CpuExec& exec, const View& logits, const View& labels, const View& weights,
                  const View& class_weights, const View& inv_norm, const View& loss, const View& dlogits,
                  const View& status, const LabelOptions& options) {
  check_dense(logits, "softmax_xent", "logits", DType::f32);
  const int64_t classes = logits.channels(), pixels = logits.pixels();
  Shape of_labels;
  for (int i = 0; i + 1 < logits.shape.dims(); ++i) of_labels.push(logits.shape[i]);
  check_label_views("softmax_xent", labels, weights, class_weights, inv_norm, status, of_labels, classes);
  check_view(loss, "softmax_xent", "loss", DType::f32, {});
  if (dlogits) check_view(dlogits, "softmax_xent", "dlogits", DType::f32, logits.shape);

  const int64_t blocks = block_count(pixels, kGrain);
  auto* partial = static_cast<double*>(exec.scratch->get(size_t(blocks) * sizeof(double)));
  const float* z = logits.as<float>();
  float* d = dlogits ? dlogits.as<float>() : nullptr;
  with_lanes(lanes_of(classes), [&](auto constant) {
    parallel_blocks(pixels, kGrain, [&](int64_t block, int64_t begin, int64_t end) {
      LabelReader read(labels, weights, class_weights, classes, options.ignore);
      partial[block] = xent_pixels<constant()>(z, d, begin, end, int(classes), read);
      if (read.bad()) set_status(status, kStatusBadLabel);
    });
  });
  double sum = 0;
  for (int64_t b = 0; b < blocks; ++b) sum += partial[b];
  *loss.as<float>() = float(sum * double(*inv_norm.as<float>()));
}

}  // namespace segue::kernels
