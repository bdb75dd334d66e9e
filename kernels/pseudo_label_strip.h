// What pseudo_label and upsample_pseudo_label do with a strip of logits.
#pragma once

#include "strip.h"
#include "view.h"

namespace segue::kernels {

/// The results of a pseudo-label kernel, checked once.
struct PseudoLabels {
  int64_t classes = 0, bins = 0;
  const float* thresholds = nullptr;
  uint8_t* labels = nullptr;
  float* confidence = nullptr;    // or null
  uint64_t* histogram = nullptr;  // or null, then bins = 0

  /// `shape`: of the labels. Throws invalid_argument in the name of `op`.
  PseudoLabels(const char* op, int64_t classes, const Shape& shape, const View& thresholds, const View& labels,
               const View& confidence, const View& histogram)
      : classes(classes) {
    require(classes >= 1 && classes <= 255, op, "expects 1 to 255 classes, as label 255 means none; got ", classes);
    check_dense(thresholds, op, "thresholds", DType::f32);
    require(thresholds.count() == classes, op, "expects thresholds of shape (", classes, "); got ", thresholds.shape);
    check_view(labels, op, "labels", DType::u8, shape);
    this->thresholds = thresholds.as<float>();
    this->labels = labels.as<uint8_t>();
    if (confidence) {
      check_view(confidence, op, "confidence", DType::f32, shape);
      this->confidence = confidence.as<float>();
    }
    if (histogram) {
      check_dense(histogram, op, "histogram", DType::u64);
      require(histogram.shape.dims() == 2 && histogram.shape[0] == classes && histogram.shape[1] >= 1, op,
              "expects a histogram of shape (", classes, ", bins >= 1); got ", histogram.shape);
      this->histogram = histogram.as<uint64_t>();
      bins = histogram.shape[1];
    }
  }

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
