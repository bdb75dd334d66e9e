// What pseudo_label and upsample_pseudo_label do with a strip of logits.
#pragma once

#include "pseudo_label_views.h"
#include "strip.h"

namespace segue::kernels {

struct PseudoLabels : PseudoLabelViews {
  using PseudoLabelViews::PseudoLabelViews;

  /// Labels the first `count` pixels of a strip as pixels pixel, pixel + 1, ...; counts them in `counts` (classes,
  /// bins).
  void label(const float* strip, int64_t pixel, int64_t count, uint32_t* counts) const {
    alignas(64) float largest[kStripPixels], probability[kStripPixels];
    alignas(64) int32_t index[kStripPixels];
    strip_argmax(strip, classes, largest, index);
    strip_confidence(strip, classes, largest, probability);
    for (int64_t i = 0; i < count; ++i)
      labels[pixel + i] = probability[i] >= thresholds[index[i]] ? uint8_t(index[i]) : uint8_t(255);
    if (confidence)
      for (int64_t i = 0; i < count; ++i) confidence[pixel + i] = probability[i];
    if (bins == 0) return;
    const float scale = float(bins);
    for (int64_t i = 0; i < count; ++i) {
      if (!(probability[i] >= 0.f)) continue;  // a NaN
      const int64_t bin = int64_t(probability[i] * scale);
      ++counts[index[i] * bins + (bin < bins ? bin : bins - 1)];
    }
  }
};

}  // namespace segue::kernels
