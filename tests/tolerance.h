// The one tolerance, derived and never tuned; docs/numbers.md has the derivation.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "kernels/view.h"

namespace segue::testing {

/// Unit in the last place at 1, as the tolerance counts it: 2^-23 for f32, 2^-7 for bf16, 2^-10 for f16.
inline double eps_of(DType t) {
  switch (t) {
    case DType::f32: return std::ldexp(1.0, -23);
    case DType::bf16: return std::ldexp(1.0, -7);
    case DType::f16: return std::ldexp(1.0, -10);
    case DType::f64: return std::ldexp(1.0, -52);
    default: return 0;  // integers are exact
  }
}

/// allowed(i) = 8 eps(out) |want_i| + 4 eps(acc) sqrt(K) rms(want)
///
/// K is the longest sum behind one output. rms is taken over the elements of one group: pass the extent of a group
/// where rows or channels differ in scale, so that a small channel is not hidden by a large one. Where a sum is rounded
/// to a narrow type once before it reaches the output, that adds 4 eps(partial) rms(want): half an eps of at most 8 rms.
class Tolerance {
 public:
  Tolerance(DType out, int64_t longest_sum, DType accumulator = DType::f32, DType partial = DType::f32)
      : relative_(8 * eps_of(out)),
        absolute_(4 * eps_of(accumulator) * std::sqrt(double(longest_sum)) +
                  (partial == DType::f32 ? 0 : 4 * eps_of(partial))) {
    if (out == DType::f32 || out == DType::bf16 || out == DType::f16 || out == DType::f64) return;
    absolute_ = 0;
  }
  double allowed(double want, double rms) const { return relative_ * std::abs(want) + absolute_ * rms; }

 private:
  double relative_, absolute_;
};

inline double rms(const std::vector<double>& v) {
  double sum = 0;
  for (double x : v)
    if (std::isfinite(x)) sum += x * x;
  return v.empty() ? 0 : std::sqrt(sum / double(v.size()));
}

}  // namespace segue::testing
