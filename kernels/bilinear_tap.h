// Source positions of a resize along one axis, in integers: the same on every device, with no rounding of coordinates.
#pragma once

#include <cstdint>

#include "host_device.h"

namespace segue::kernels {

/// The two source elements of an output element, and the share of the second: v = in[low] + weight (in[high] -
/// in[low]).
struct BilinearTap {
  int64_t low = 0, high = 0;
  float weight = 0;
};

/// Tap of output `to` when `in` elements become `out`. With half-pixel centres (PyTorch's align_corners = false) the
/// source position is (to + 1/2) in/out - 1/2, not below 0; with align_corners it is to (in-1)/(out-1). The position is
/// kept as a fraction, so its weight is the correctly rounded one; `out` stays below 2^23.
SEGUE_HOST_DEVICE BilinearTap bilinear_tap(int64_t to, int64_t in, int64_t out, bool align_corners = false) {
  int64_t over, under;
  if (align_corners) {
    over = out > 1 ? to * (in - 1) : 0;
    under = out > 1 ? out - 1 : 1;
  } else {
    over = (2 * to + 1) * in - out;
    under = 2 * out;
    if (over < 0) over = 0;
  }
  BilinearTap t;
  t.low = over / under;
  t.high = t.low + 1 < in ? t.low + 1 : t.low;
  t.weight = float(over - t.low * under) / float(under);
  return t;
}

/// Source element whose centre is nearest to that of output `to`: floor((to + 1/2) in/out), for labels.
SEGUE_HOST_DEVICE int64_t nearest_tap(int64_t to, int64_t in, int64_t out) { return (2 * to + 1) * in / (2 * out); }

}  // namespace segue::kernels
