// Convolutions with few result channels under many taps (the last layer of a generator, the gradient of an image).
#pragma once

#include <cstdint>
#include <utility>

#include "conv_gather.h"

namespace segue::kernels::conv {

/// y[n,p,q,j] = or += bias[j] + sum over taps (r,s) of (a times column (r,s,j) of w)[n, rows(p,r), cols(q,s)].
/// One product gives every pixel all taps and channels as columns, where a product per tap would leave most lanes of a
/// tile empty; then each result gathers its taps. `w_by_len` and `w_stride` as in GatherProduct, for taps * out_c
/// columns: column tap * out_c + j if `w_by_len`, else j * taps + tap.
struct NarrowProduct {
  const float* a = nullptr;  ///< (n, in_h, in_w, in_c)
  int64_t n = 0, in_h = 0, in_w = 0, in_c = 0;
  AxisMap rows, cols;
  const float* w = nullptr;
  bool w_by_len = false;
  const float* bias = nullptr;
  float* y = nullptr;
  int64_t out_c = 0;
  bool accumulate = false;

  static constexpr int64_t kMostChannels = 4;

  int64_t scratch_floats(int threads) const;
  /// The order of the additions depends on the shapes alone.
  void run(float* scratch, int threads) const;

 private:
  int64_t columns() const { return rows.taps * cols.taps * out_c; }
  int64_t band() const;
  std::pair<int64_t, int64_t> read_rows(int64_t begin, int64_t end) const;
  GatherProduct product(int64_t image, int64_t row, int64_t count, float* z) const;
  template <int64_t Channels>
  void gather(int64_t image, int64_t p, int64_t first_row, const float* z) const;
  void gather_row(int64_t image, int64_t p, int64_t first_row, const float* z) const;
};

}  // namespace segue::kernels::conv
