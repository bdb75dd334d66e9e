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
///     w = w - (rates[k] / corrections[0]) m / (sqrt(v) / sqrt(corrections[1]) + eps);  rounded = w
///   corrections = (1 - beta1^t, 1 - beta2^t) at step t = 1, 2, ...
///   c = min(1, max_norm / (norm + 1e-6)) / loss_scale,  norm = sqrt(square_sum) / loss_scale; an absent number counts
///   as if it were not there
///   With loss_scale the step is left out if square_sum is not finite: w, m, v and rounded stay as they are.
///
/// w            (P)   f32          inout  parameters; outside the ranges untouched
/// g            (P)   f32          in     gradients, of loss_scale times the loss
/// m            (P)   f32          inout  mean of gradients, zero at the start
/// v            (P)   f32          inout  mean of their squares, zero at the start
/// rounded      (P)   bf16 or f16  out    w as rounded, outside the ranges untouched; or absent, as on the CPU
/// ranges       (R,3) i64          in     rows of begin, end, group; apart from each other
/// rates        (G)   f32          in     learning rate per group; () if G = 1
/// decays       (G)   f32          in     weight decay per group; () if G = 1
/// corrections  (2)   f32          in     of the bias that the zero start leaves in m and v
/// square_sum   ()    f32          in     sum of g^2 over the slab; or absent with the two below
/// max_norm     ()    f32          in     largest norm of the gradient of the loss; or absent: no clipping
/// loss_scale   ()    f32          in     see loss_scale; or absent: 1
/// Throws   invalid_argument if shapes or types disagree; on the CPU also if a range leaves the slab or names no group
///          (on CUDA, where the host cannot read them, such ranges are cut or left out).
/// Traffic  reads w, g, m, v, writes w, m, v, rounded, inside the ranges.  Deterministic. Capture-safe.
/// Source   Kingma and Ba 2015, arXiv:1412.6980, algorithm 1; decay as in torch.optim.Adam (added to the gradient).
void adam(const CpuExec& exec, const View& w, const View& g, const View& m, const View& v, const View& rounded,
          const View& ranges, const View& rates, const View& decays, const View& corrections, const View& square_sum,
          const View& max_norm, const View& loss_scale, const AdamOptions& options);
void adam(const CudaExec& exec, const View& w, const View& g, const View& m, const View& v, const View& rounded,
          const View& ranges, const View& rates, const View& decays, const View& corrections, const View& square_sum,
          const View& max_norm, const View& loss_scale, const AdamOptions& options);

}  // namespace kernels
}  // namespace segue
