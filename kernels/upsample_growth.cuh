// Softmax of upsampled logits: exponentials over a patch of outputs, four for each class instead of one an output.
#pragma once

#include "upsample_cells.cuh"

namespace segue::gpu {
inline namespace SEGUE_GPU_BACKEND {

constexpr float kLog2E = 1.44269504f;

/// exp(z_c - shift) over a patch: e x^i y^j xy^(ij) in column i and row j, since the exponent is bilinear.
struct Growth {
  float e, x, y, xy;
};

/// Turns corners into growths; subtracts `shift`, which is the same for all classes, from the exponent.
class Exponential {
 public:
  __device__ __forceinline__ Exponential(const Patch& p, const Corners& shift)
      : share_y_(p.share_y),
        share_x_(p.share_x),
        scale_{kLog2E, kLog2E * p.step_x, kLog2E * p.step_y, kLog2E * p.step_x * p.step_y},
        shift_{} {
    const Growth s = slopes(shift);
    shift_ = {scale_.e * s.e, scale_.x * s.x, scale_.y * s.y, scale_.xy * s.xy};
  }
  /// The exponents of a growth, to base 2.
  __device__ __forceinline__ Growth exponents(const Corners& z) const {
    const Growth s = slopes(z);
    return {s.e * scale_.e - shift_.e, s.x * scale_.x - shift_.x, s.y * scale_.y - shift_.y,
            s.xy * scale_.xy - shift_.xy};
  }
  __device__ __forceinline__ Growth operator()(const Corners& z) const {
    const Growth s = exponents(z);
    return {exp2f(s.e), exp2f(s.x), exp2f(s.y), exp2f(s.xy)};
  }

  /// exp(v - shift) for output (i, j).
  __device__ __forceinline__ float at(int i, int j, float v) const {
    // The larger terms first: they nearly cancel.
    const float d = v * kLog2E - shift_.e;
    return exp2f(d - (float(j) * shift_.x + float(i) * (shift_.y + float(j) * shift_.xy)));
  }

 private:
  // Value at the first output, and its slopes in shares.
  __device__ __forceinline__ Growth slopes(const Corners& z) const {
    const float left = z.lower_left - z.upper_left, right = z.lower_right - z.upper_right;
    const float from = z.upper_left + share_y_ * left, to = z.upper_right + share_y_ * right;
    const float x = to - from, xy = right - left;
    return {from + share_x_ * x, x, left + share_x_ * xy, xy};
  }
  float share_y_, share_x_;
  Growth scale_, shift_;
};

/// Adds a class to the sums of the outputs of a patch of so many rows. Those of outputs that it does not
/// have get anything.
__device__ __forceinline__ void add_growth(const Growth& g, int rows, float (&sum)[kPatch][kPatch]) {
  float e = g.e, x = g.x;
#pragma unroll
  for (int i = 0; i < kPatch; ++i) {
    const float x2 = x * x;
    sum[i][0] += e, sum[i][1] += e * x, sum[i][2] += e * x2, sum[i][3] += e * (x2 * x);
    if (i + 1 < rows) e *= g.y, x *= g.xy;
  }
}

/// The same with two exponentials a row, whose errors do not add up over the rows: where probabilities are the result.
/// The device's exp2f may err by 2 ulp.
__device__ __forceinline__ void add_exponentials(const Growth& exponents, float (&sum)[kPatch][kPatch]) {
#pragma unroll
  for (int i = 0; i < kPatch; ++i) {
    const float e = exp2f(float(i) * exponents.y + exponents.e), x = exp2f(float(i) * exponents.xy + exponents.x);
    const float x2 = x * x;
    sum[i][0] += e, sum[i][1] += e * x, sum[i][2] += e * x2, sum[i][3] += e * (x2 * x);
  }
}

/// The widest gap between two logits of a pixel with which Growth is safe: exponents stay above -110, and what changes
/// them from row to row, twice the gap times both steps, stays in the range of numbers. A step is not used where it is
/// 1 or more.
inline float widest_gap(const CellTiles& t) {
  const auto used = [](const CellAxis& axis) { return axis.step < 1.f ? axis.step : 0.f; };
  return std::min(76.f, 40.f / std::max(1e-3f, used(t.y) * used(t.x)));
}

}  // namespace SEGUE_GPU_BACKEND
}  // namespace segue::gpu
