// The results of pseudo_label and upsample_pseudo_label.
#pragma once

#include "view.h"

namespace segue::kernels {

/// The results of a pseudo-label kernel, checked once.
struct PseudoLabelViews {
  int64_t classes = 0, bins = 0;
  const float* thresholds = nullptr;
  uint8_t* labels = nullptr;
  float* confidence = nullptr;    // or null
  uint64_t* histogram = nullptr;  // or null, then bins = 0

  /// `shape`: of the labels. Throws invalid_argument in the name of `op`.
  PseudoLabelViews(const char* op, int64_t classes, const Shape& shape, const View& thresholds, const View& labels,
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
};

}  // namespace segue::kernels
