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
///     w = w - rates[k] (nesterov ? d + momentum m : m)
///   c = min(1, max_norm / (sqrt(square_sum) + 1e-6)), or 1 without square_sum
///
/// A momentum slab that starts at zero gives PyTorch's first step, where momentum becomes the gradient.
///
/// w           (P)   f32   inout  parameters; outside the ranges untouched
/// g           (P)   f32   in     gradients
/// m           (P)   f32   inout  momentum; absent if options.momentum is 0
/// ranges      (R,3) i64   in     rows of begin, end, group; apart from each other
/// rates       (G)   f32   in     learning rate per group; () if G = 1
/// decays      (G)   f32   in     weight decay per group; () if G = 1
/// square_sum  ()    f32   in     sum of g^2 over the slab; or absent: no clipping
/// max_norm    ()    f32   in     largest norm of the gradient; absent with square_sum
/// Throws   invalid_argument if shapes disagree or a range leaves the slab or names no group.
/// Traffic  reads w, g, m, writes w, m, inside the ranges.  Deterministic. Capture-safe.
/// Source   Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning"; the order of
///          operations is PyTorch's (torch.optim.SGD, dampening 0), where the rate multiplies the momentum.
void sgd(const CpuExec& exec, const View& w, const View& g, const View& m, const View& ranges, const View& rates,
         const View& decays, const View& square_sum, const View& max_norm, const SgdOptions& options);

}  // namespace kernels
}  // namespace segue
