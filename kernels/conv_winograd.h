// 3x3 convolutions of stride 1 by F(2x2, 3x3): 16 products for 4 pixels instead of 36. The rounding error stays that of
// the plain sum (the longest sum is 9 times shorter, the transforms add a factor of about as much).
// Source: Lavin and Gray 2016, "Fast algorithms for convolutional neural networks", arXiv:1509.09308.
#pragma once

#include <cstdint>
#include <vector>

#include "conv_common.h"
#include "conv_isa.h"

namespace segue::kernels::conv::SEGUE_CONV_ISA {

/// Where the 2x2 tiles of one axis start. Under a dilation d a tile is every d-th pixel: o and o + d.
std::vector<int32_t> winograd_origins(int64_t out, int64_t dilation);

/// y = or += bias + the 3x3 convolution of a.
struct WinogradProduct {
  const float* a = nullptr;  ///< (n, in_h, in_w, in_c)
  int64_t n = 0, in_h = 0, in_w = 0, in_c = 0;
  int64_t pad = 0, dilation = 1;
  const float* w = nullptr;  ///< (out_c, 3, 3, in_c), or if `turned` (in_c, 3, 3, out_c) read backwards: input gradient
  bool turned = false;
  const float* bias = nullptr;
  float* y = nullptr;  ///< (n, out_h, out_w, out_c)
  int64_t out_h = 0, out_w = 0, out_c = 0;
  bool accumulate = false;

  int64_t tiles() const;
  int64_t scratch_floats(int threads) const;
  /// The order of the additions depends on the shapes alone.
  void run(float* scratch, int threads) const;
};

/// dw = or += the gradient of the (k, 3, 3, c) filters.
struct WinogradFilter {
  const float* x = nullptr;  ///< (n, h, w, c)
  int64_t n = 0, h = 0, w = 0, c = 0;
  int64_t pad = 0, dilation = 1;
  const float* dy = nullptr;  ///< (n, p, q, k)
  int64_t p = 0, q = 0, k = 0;
  float* dw = nullptr;
  bool accumulate = false;

  int64_t scratch_floats(int threads) const;
  void run(float* scratch, int threads) const;
};

}  // namespace segue::kernels::conv::SEGUE_CONV_ISA
