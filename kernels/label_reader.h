// Labels of pixels as the losses read them: which class, with which weight, and what counts as bad.
#pragma once

#include <atomic>
#include <cstdint>

#include "options.h"
#include "status.h"
#include "view.h"

namespace segue::kernels {

/// The target of one pixel: its class, or -1 if it is ignored; its weight, 0 then.
struct PixelTarget {
  int label = -1;
  float weight = 0;
};

/// Labels with their optional weights. A label that is neither a class nor `ignore` is ignored and remembered.
class LabelReader {
 public:
  LabelReader(const View& labels, const View& weights, const View& class_weights, int64_t classes, int ignore)
      : labels_(labels.as<uint8_t>()),
        weights_(weights ? weights.as<float>() : nullptr),
        class_weights_(class_weights ? class_weights.as<float>() : nullptr),
        classes_(int(classes)),
        ignore_(ignore) {}

  PixelTarget operator()(int64_t pixel) {
    const int label = labels_[pixel];
    if (label == ignore_) return {};
    if (label >= classes_) {
      bad_ = true;
      return {};
    }
    float weight = weights_ ? weights_[pixel] : 1.f;
    if (class_weights_) weight *= class_weights_[label];
    return {label, weight};
  }
  /// A bad label has been read.
  bool bad() const { return bad_; }

 private:
  const uint8_t* labels_;
  const float* weights_;
  const float* class_weights_;
  int classes_, ignore_;
  bool bad_ = false;
};

/// Sets bits of the status word; blocks may do so at the same time.
inline void set_status(const View& status, uint32_t bits) {
  std::atomic_ref<uint32_t>(*status.as<uint32_t>()).fetch_or(bits, std::memory_order_relaxed);
}

/// Checks what all label losses share; `pixels` is the shape of the labels.
inline void check_label_views(const char* where, const View& labels, const View& weights, const View& class_weights,
                              const View& inv_norm, const View& status, const Shape& pixels, int64_t classes) {
  require(classes >= 1 && classes <= 256, where, "expects 1 to 256 classes; got ", classes);
  check_view(labels, where, "labels", DType::u8, pixels);
  if (weights) check_view(weights, where, "weights", DType::f32, pixels);
  if (class_weights) check_view(class_weights, where, "class_weights", DType::f32, {classes});
  check_view(inv_norm, where, "inv_norm", DType::f32, {});
  check_view(status, where, "status", DType::u32, {});
}

}  // namespace segue::kernels
