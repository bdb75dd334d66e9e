// Stochastic gradient descent over a slab of parameters.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue {

struct SgdOptions {
  float momentum = 0.9f;  ///< 0: plain descent, without a momentum slab
  bool nesterov = false;  ///< step along the gradient plus momentum times the new direction
};

namespace kernels {

/// Updates all parameters of a network in one launch.
///
///   for every range [b, e) of group k:
///     d = c g + decays[k] w;  m = momentum m + d
///     w = w - rates[k] (nesterov ? d + momentum m : m);  rounded = w
///   c = min(1, max_norm / (norm + 1e-6)) / loss_scale,  norm = sqrt(square_sum) / loss_scale; an absent number counts
///   as if it were not there
///   With loss_scale the step is left out if square_sum is not finite: w, m and rounded stay as they are.
///
/// A momentum slab that starts at zero gives PyTorch's first step, where momentum becomes the gradient.
///
/// w           (P)   f32          inout  parameters; outside the ranges untouched
/// g           (P)   f32          in     gradients, of loss_scale times the loss
/// m           (P)   f32          inout  momentum; absent if options.momentum is 0
/// rounded     (P)   bf16 or f16  out    w as rounded, outside the ranges untouched; or absent, as on the CPU
/// ranges      (R,3) i64          in     rows of begin, end, group; apart from each other
/// rates       (G)   f32          in     learning rate per group; () if G = 1
/// decays      (G)   f32          in     weight decay per group; () if G = 1
/// square_sum  ()    f32          in     sum of g^2 over the slab; or absent with the two below
/// max_norm    ()    f32          in     largest norm of the gradient of the loss; or absent: no clipping
/// loss_scale  ()    f32          in     see loss_scale; or absent: 1
/// Throws   invalid_argument if shapes or types disagree; on the CPU also if a range leaves the slab or names no group
///          (on CUDA, where the host cannot read them, such ranges are cut or left out).
/// Traffic  reads w, g, m, writes w, m, rounded, inside the ranges.  Deterministic. Capture-safe.
/// Source   Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning"; the order of
///          operations is PyTorch's (torch.optim.SGD, dampening 0), where the rate multiplies the momentum.
void sgd(const CpuExec& exec, const View& w, const View& g, const View& m, const View& rounded, const View& ranges,
         const View& rates, const View& decays, const View& square_sum, const View& max_norm, const View& loss_scale,
         const SgdOptions& options);
void sgd(const CudaExec& exec, const View& w, const View& g, const View& m, const View& rounded, const View& ranges,
         const View& rates, const View& decays, const View& square_sum, const View& max_norm, const View& loss_scale,
         const SgdOptions& options);

}  // namespace kernels
}  // namespace segue
