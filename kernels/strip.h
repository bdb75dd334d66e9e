// Argmax and softmax over strips of logits (see upsample_rows.h): many pixels at once, one plane for each class.
#pragma once

#include <cstdint>
#include <limits>

#include "upsample_rows.h"
#include "vmath.h"

namespace segue::kernels {

/// A strip of pixel-major logits (count, C), count <= kStripPixels; pixels behind the last repeat it.
inline void strip_load(const float* logits, int64_t count, int64_t classes, float* strip) {
  for (int64_t c = 0; c < classes; ++c, strip += kStripPixels) {
    for (int64_t i = 0; i < count; ++i) strip[i] = logits[i * classes + c];
    for (int64_t i = count; i < kStripPixels; ++i) strip[i] = strip[count - 1];
  }
}

/// Largest logit of each pixel and its class; of equal ones the lowest class wins, a NaN never does.
inline void strip_argmax(const float* strip, int64_t classes, float* largest, int32_t* index) {
  // Vector types keep both running values in registers over the loop of classes; the vectoriser would not.
  constexpr int64_t kLanes = 8;
  using Floats [[gnu::vector_size(32)]] = float;
  using Ints [[gnu::vector_size(32)]] = int32_t;
  for (int64_t i = 0; i < kStripPixels; i += 2 * kLanes) {
    Floats best[2];
    Ints at[2] = {};
    best[0] = best[1] = Floats{} - std::numeric_limits<float>::infinity();
    for (int64_t c = 0; c < classes; ++c)
      for (int half = 0; half < 2; ++half) {
        Floats z;
        __builtin_memcpy(&z, strip + c * kStripPixels + i + half * kLanes, sizeof z);
        const Ints larger = z > best[half];
        at[half] = larger ? Ints{} + int32_t(c) : at[half];
        best[half] = larger ? z : best[half];
      }
    __builtin_memcpy(largest + i, best, sizeof best);
    __builtin_memcpy(index + i, at, sizeof at);
  }
}

/// Softmax of the largest logit: 1 / sum_c exp(z_c - largest). NaN where a logit is NaN or the largest is infinite.
inline void strip_confidence(const float* strip, int64_t classes, const float* largest, float* confidence) {
  float sum[kStripPixels] = {};
  for (int64_t c = 0; c < classes; ++c, strip += kStripPixels)
    for (int64_t i = 0; i < kStripPixels; ++i) sum[i] += vexp(strip[i] - largest[i]);
  for (int64_t i = 0; i < kStripPixels; ++i) confidence[i] = 1.f / sum[i];
}

}  // namespace segue::kernels
