// Gradient of the filter as a matrix product over pixels: both operands are packed from where they lie, tap by tap.
#pragma once

#include <cstdint>
#include <vector>

#include "conv_gather.h"
#include "conv_isa.h"

namespace segue::kernels::conv::SEGUE_CONV_ISA {

/// dw[k][tap][l] = or += sum over n, p, q of dy[n,p,q,k] x[n, rows(p,r), cols(q,s)][l], l < len.
/// Pixels at which a tap reads padding are left out of its sum where that saves work.
struct FilterProduct {
  const float* x = nullptr;  ///< (n, in_h, in_w) pixels, `pitch` floats apart
  int64_t n = 0, in_h = 0, in_w = 0, pitch = 0;
  int64_t len = 0;  ///< columns of dw per tap: runs of `run_floats`, `run_pitch` apart
  int64_t run_floats = 0, run_pitch = 0;
  AxisMap rows, cols;
  const float* dy = nullptr;  ///< dense, k channels
  int64_t k = 0;
  float* dw = nullptr;  ///< (k, taps, len)
  bool accumulate = false;

  int64_t taps() const { return rows.taps * cols.taps; }
  /// Scratch that run() wants, in floats.
  int64_t scratch_floats(int threads) const;
  /// The order of the additions depends on the shapes alone.
  void run(float* scratch, int threads) const;
};

}  // namespace segue::kernels::conv::SEGUE_CONV_ISA
