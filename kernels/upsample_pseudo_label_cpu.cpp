#include "pseudo_label_strip.h"
#include "upsample_pseudo_label.h"
#include "upsample_tiles.h"

namespace segue::kernels {

void upsample_pseudo_label(const CpuExec& exec, const View& logits, const View& thresholds, const View& labels,
                           const View& confidence, const View& histogram) {
  const UpsampleSizes sizes("upsample_pseudo_label", logits, labels);
  const PseudoLabels result("upsample_pseudo_label", sizes.classes, labels.shape, thresholds, labels, confidence,
                            histogram);
  upsample_tiles(exec, sizes, logits.as<float>(), sizes.classes * result.bins, result.histogram,
                 [&](const float* strip, int64_t pixel, int64_t count, uint32_t* counts) {
                   result.label(strip, pixel, count, counts);
                 });
}

}  // namespace segue::kernels
