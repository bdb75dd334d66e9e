#include "count_blocks.h"
#include "pseudo_label.h"
#include "pseudo_label_strip.h"

namespace segue::kernels {

void pseudo_label(const CpuExec& exec, const View& logits, const View& thresholds, const View& labels,
                  const View& confidence, const View& histogram) {
  check_dense(logits, "pseudo_label", "logits", DType::f32);
  require(logits.shape.dims() >= 2, "pseudo_label", "expects logits (P,C) or (N,H,W,C); got ", logits.shape);
  const int64_t pixels = logits.pixels(), classes = logits.channels();
  Shape shape;
  for (int i = 0; i + 1 < logits.shape.dims(); ++i) shape.push(logits.shape[i]);
  const PseudoLabels result("pseudo_label", classes, shape, thresholds, labels, confidence, histogram);
  const float* z = logits.as<float>();
  count_blocks(exec, block_count(pixels, kStripPixels), classes * kStripPixels, classes * result.bins, result.histogram,
               [&](int64_t begin, int64_t end, float* strip, uint32_t* counts) {
                 for (int64_t s = begin; s < end; ++s) {
                   const int64_t first = s * kStripPixels, count = std::min(kStripPixels, pixels - first);
                   strip_load(z + first * classes, count, classes, strip);
                   result.label(strip, first, count, counts);
                 }
               });
}

}  // namespace segue::kernels
