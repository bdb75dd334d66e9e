// Convolution as a matrix product whose left operand is read where it lies: each row of a register tile is one output
// pixel and follows its own pointers into the image. Forward, input gradients, any stride, padding and dilation alike.
#pragma once

#include <cstdint>
#include <vector>

#include "conv_common.h"
#include "conv_isa.h"

namespace segue::kernels::conv::SEGUE_CONV_ISA {

/// Which input row (or column) an output row reads under each tap of one axis.
struct AxisMap {
  int64_t out = 0, taps = 0;
  std::vector<int32_t> in;  // [out][taps]; -1: this tap reads padding, which adds nothing

  /// Forward: output o reads o stride - pad + t dilation.
  static AxisMap forward(int64_t out, int64_t in, int64_t taps, int64_t stride, int64_t pad, int64_t dilation);
  /// Input gradient: position o was read by the outputs i with o = i stride - pad + t dilation.
  static AxisMap backward(int64_t out, int64_t in, int64_t taps, int64_t stride, int64_t pad, int64_t dilation);
};

/// y[n,p,q,j] = or += bias[j] + sum over taps (r,s) and l < len of a[n, rows(p,r), cols(q,s)][l] B[r,s][l][j].
/// Taps that read only padding cost nothing: pixels are visited grouped by the taps they have.
struct GatherProduct {
  const float* a = nullptr;  ///< (n, in_h, in_w) pixels, `pitch` floats apart
  int64_t n = 0, in_h = 0, in_w = 0, pitch = 0;
  int64_t len = 0;  ///< floats read at a pixel; may reach into the next ones
  AxisMap rows, cols;
  const float* w =
      nullptr;  ///< B[tap][l][j]: at j w_stride + tap len + l, or if `w_by_len` at l w_stride + tap out_c + j
  int64_t w_stride = 0;
  bool w_by_len = false;
  const float* bias = nullptr;  ///< or absent
  float* y = nullptr;           ///< dense, out_c channels
  int64_t out_c = 0;
  bool accumulate = false;

  int64_t out_pixels() const { return n * rows.out * cols.out; }
  int64_t taps() const { return rows.taps * cols.taps; }
  /// Scratch that run() wants, in floats.
  int64_t scratch_floats(int threads) const;
  /// The order of the additions depends on the shapes alone.
  void run(float* scratch, int threads) const;
};

}  // namespace segue::kernels::conv::SEGUE_CONV_ISA
