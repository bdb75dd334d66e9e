// Convolutions with few result channels under many taps: the last layer of a generator, the gradient of an image.
#pragma once

#include <cstdint>

#include "conv_gather.h"
#include "conv_isa.h"

namespace segue::kernels::conv::SEGUE_CONV_ISA {

/// y[n,p,q,j] = or += bias[j] + sum over taps (r,s) and l of a[n, rows(p,r), cols(q,s)][l] B[r,s][l][j].
/// A product with one column per result channel would leave most lanes of a tile empty. Here a row of the image is the
/// columns and every (tap, channel) a row; then each result gathers its taps from what the rows gave.
struct NarrowProduct {
  const float* a = nullptr;  ///< (n, in_h, in_w, in_c)
  int64_t n = 0, in_h = 0, in_w = 0, in_c = 0;
  AxisMap rows, cols;
  const float* w = nullptr;  ///< B: (out_c, r, s, in_c), or if `w_by_len` (in_c, r, s, out_c)
  bool w_by_len = false;
  const float* bias = nullptr;  ///< or absent
  float* y = nullptr;           ///< (n, rows.out, cols.out, out_c)
  int64_t out_c = 0;
  bool accumulate = false;

  static constexpr int64_t kMostChannels = 4;
  static constexpr int64_t kMostSpan = 16;  ///< rows that the taps of one result may span

  /// Scratch that run() wants, in floats.
  int64_t scratch_floats(int threads) const;
  /// The order of the additions depends on the shapes alone.
  void run(float* scratch, int threads) const;
};

}  // namespace segue::kernels::conv::SEGUE_CONV_ISA
