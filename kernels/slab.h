// What the optimisers share: the table of ranges over a slab, and clipping.
#pragma once

#include <algorithm>
#include <cmath>

#include "parallel.h"
#include "view.h"

namespace segue {

/// A row of the (R,3) i64 table.
struct SlabRange {
  int64_t begin, end, group;
};

/// Checks the operands that sgd and adam have in common, and returns the rows of the table.
inline const SlabRange* check_slab(const char* where, const View& w, const View& g, const View& ranges,
                                   const View& rates, const View& decays) {
  check_dense(w, where, "w", DType::f32);
  require(w.shape.dims() == 1, where, "expects w of shape (P); got ", w.shape);
  check_view(g, where, "g", DType::f32, w.shape);
  check_dense(ranges, where, "ranges", DType::i64);
  require(ranges.shape.dims() == 2 && ranges.shape[1] == 3, where, "expects ranges of shape (R,3); got ", ranges.shape);
  check_dense(rates, where, "rates", DType::f32);
  check_view(decays, where, "decays", DType::f32, rates.shape);
  static_assert(sizeof(SlabRange) == 3 * sizeof(int64_t));
  const auto* rows = reinterpret_cast<const SlabRange*>(ranges.as<int64_t>());
  for (int64_t i = 0; i < ranges.shape[0]; ++i)
    require(rows[i].begin >= 0 && rows[i].begin <= rows[i].end && rows[i].end <= w.count() && rows[i].group >= 0 &&
                rows[i].group < rates.count(),
            where, "expects ranges inside (", w.count(), ") and groups below ", rates.count(), "; got [", rows[i].begin,
            ",", rows[i].end, ") of group ", rows[i].group);
  return rows;
}

/// The factor that brings the gradient's norm down to max_norm; 1 if no clipping is asked for.
inline float clip_factor(const char* where, const View& square_sum, const View& max_norm) {
  require(bool(square_sum) == bool(max_norm), where, "expects square_sum and max_norm together; got one of them");
  if (!square_sum) return 1.f;
  check_view(square_sum, where, "square_sum", DType::f32, {});
  check_view(max_norm, where, "max_norm", DType::f32, {});
  return std::min(1.f, *max_norm.as<float>() / (std::sqrt(*square_sum.as<float>()) + 1e-6f));
}

}  // namespace segue
