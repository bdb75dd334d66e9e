// Adam over a slab of parameters.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue {

/// Betas in double precision: 1 - beta is formed before rounding, or 1 - 0.999 would be wrong in the fifth digit.
struct AdamOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
};

namespace kernels {

/// Updates all parameters of a network in one launch.
///
///   for every range [b, e) of group k:
///     d = c g + decays[k] w
///     m = beta1 m + (1 - beta1) d;  v = beta2 v + (1 - beta2) d^2
///     w = w - (rates[k] / corrections[0]) m / (sqrt(v) / sqrt(corrections[1]) + eps)
///   corrections = (1 - beta1^t, 1 - beta2^t) at step t = 1, 2, ...
///   c = min(1, max_norm / (sqrt(square_sum) + 1e-6)), or 1 without square_sum
///
/// w            (P)   f32   inout  parameters; outside the ranges untouched
/// g            (P)   f32   in     gradients
/// m            (P)   f32   inout  mean of gradients, zero at the start
/// v            (P)   f32   inout  mean of their squares, zero at the start
/// ranges       (R,3) i64   in     rows of begin, end, group; apart from each other
/// rates        (G)   f32   in     learning rate per group; () if G = 1
/// decays       (G)   f32   in     weight decay per group; () if G = 1
/// corrections  (2)   f32   in     of the bias that the zero start leaves in m and v
/// square_sum   ()    f32   in     sum of g^2 over the slab; or absent: no clipping
/// max_norm     ()    f32   in     largest norm of the gradient; absent with square_sum
/// Throws   invalid_argument if shapes disagree or a range leaves the slab or names no group.
/// Traffic  reads w, g, m, v, writes w, m, v, inside the ranges.  Deterministic. Capture-safe.
/// Source   Kingma and Ba 2015, arXiv:1412.6980, algorithm 1; decay as in torch.optim.Adam (added to the gradient).
void adam(const CpuExec& exec, const View& w, const View& g, const View& m, const View& v, const View& ranges,
          const View& rates, const View& decays, const View& corrections, const View& square_sum, const View& max_norm,
          const AdamOptions& options);

}  // namespace kernels
}  // namespace segue
