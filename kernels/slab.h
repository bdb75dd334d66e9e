// What the optimisers share: the table of ranges over a slab, and what becomes of the gradients before a step.
#pragma once

#include <cfloat>
#include <cmath>

#include "host_device.h"
#include "view.h"

namespace segue {

/// A row of the (R,3) i64 table.
struct SlabRange {
  int64_t begin, end, group;
};
static_assert(sizeof(SlabRange) == 3 * sizeof(int64_t));

/// Checks the operands that sgd and adam have in common, but not the content of the table.
inline void check_slab(const char* where, const View& w, const View& g, const View& ranges, const View& rates,
                       const View& decays) {
  check_dense(w, where, "w", DType::f32);
  require(w.shape.dims() == 1, where, "expects w of shape (P); got ", w.shape);
  check_view(g, where, "g", DType::f32, w.shape);
  check_dense(ranges, where, "ranges", DType::i64);
  require(ranges.shape.dims() == 2 && ranges.shape[1] == 3, where, "expects ranges of shape (R,3); got ", ranges.shape);
  check_dense(rates, where, "rates", DType::f32);
  check_view(decays, where, "decays", DType::f32, rates.shape);
}

/// The rows of a table that the host can read, checked.
inline const SlabRange* slab_rows(const char* where, const View& w, const View& ranges, const View& rates) {
  const auto* rows = reinterpret_cast<const SlabRange*>(ranges.as<int64_t>());
  for (int64_t i = 0; i < ranges.shape[0]; ++i)
    require(rows[i].begin >= 0 && rows[i].begin <= rows[i].end && rows[i].end <= w.count() && rows[i].group >= 0 &&
                rows[i].group < rates.count(),
            where, "expects ranges inside (", w.count(), ") and groups below ", rates.count(), "; got [", rows[i].begin,
            ",", rows[i].end, ") of group ", rows[i].group);
  return rows;
}

/// What a step takes of the gradients.
struct GradientUse {
  float factor = 1;   ///< they are multiplied by it
  bool skip = false;  ///< the step is left out
};

/// Views on the numbers that decide it; null where absent.
struct GradientNumbers {
  const float *square_sum = nullptr, *max_norm = nullptr, *loss_scale = nullptr;

  GradientNumbers(const char* where, const View& square, const View& norm, const View& scale) {
    if (scale) require(bool(square), where, "expects square_sum with loss_scale; got none");
    require(bool(square) == (norm || scale), where, "expects square_sum and max_norm together; got one of them");
    if (square) check_view(square, where, "square_sum", DType::f32, {}), square_sum = square.as<float>();
    if (norm) check_view(norm, where, "max_norm", DType::f32, {}), max_norm = norm.as<float>();
    if (scale) check_view(scale, where, "loss_scale", DType::f32, {}), loss_scale = scale.as<float>();
  }
};

/// Undoes the loss scale, and brings the norm of the gradients down to max_norm.
SEGUE_HOST_DEVICE GradientUse use_of(const GradientNumbers& n) {
  GradientUse use;
  float scale = 1.f;
  if (n.loss_scale) {
    scale = *n.loss_scale;
    use.skip = !(*n.square_sum <= FLT_MAX);  // infinite, or not a number
    use.factor = 1.f / scale;
  }
  if (n.max_norm) {
    const float clip = *n.max_norm / (sqrtf(*n.square_sum) / scale + 1e-6f);
    if (clip < 1.f) use.factor *= clip;
  }
  return use;
}

}  // namespace segue
