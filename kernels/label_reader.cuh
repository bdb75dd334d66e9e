// Labels of pixels as the losses read them on CUDA; see label_reader.h.
#pragma once

#include "device.cuh"
#include "label_reader.h"

namespace segue::gpu {
inline namespace SEGUE_GPU_BACKEND {

/// Labels with their optional weights, in device memory.
struct PixelLabels {
  const uint8_t* labels;
  const float *weights, *class_weights;  // or null: 1
  int classes, ignore;

  PixelLabels(const View& label, const View& weight, const View& class_weight, int64_t class_count, int ignored)
      : labels(label.as<uint8_t>()),
        weights(weight ? weight.as<float>() : nullptr),
        class_weights(class_weight ? class_weight.as<float>() : nullptr),
        classes(int(class_count)),
        ignore(ignored) {}

  /// The target of one pixel; sets `bad` where its label is neither a class nor `ignore`.
  __device__ __forceinline__ kernels::PixelTarget read(int64_t pixel, bool& bad) const {
    const int label = labels[pixel];
    float weight = weights ? weights[pixel] : 1.f;
    if (label == ignore) return {};
    if (label >= classes) {
      bad = true;
      return {};
    }
    if (class_weights) weight *= __ldg(class_weights + label);
    return {label, weight};
  }
};

/// Sets kStatusBadLabel if any thread of the block has met a bad label. All threads must call.
__device__ __forceinline__ void report_bad_labels(bool bad, uint32_t* status) {
  if (__syncthreads_or(bad) && threadIdx.x == 0) atomicOr(status, unsigned(kStatusBadLabel));
}

}  // namespace SEGUE_GPU_BACKEND
}  // namespace segue::gpu
