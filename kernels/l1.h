// Mean absolute difference.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue::kernels {

/// Mean absolute difference of two tensors and, if wanted, its gradient, in one pass.
///
///   loss = 1/n sum_i |x_i - target_i|;   dx_i = sign(x_i - target_i), 0 where equal;   d(target) = -dx
///
/// x        any shape f32, on CUDA also bf16 and f16   in   n >= 1 elements
/// target   as x                                       in
/// loss     () f32                                     out
/// dx       as x                                       out  or absent; for d(loss) = n (docs/numbers.md); not
///                                                          overlapping x or target
/// Throws   invalid_argument if shapes, types or pitches disagree, or x is empty.
/// Traffic  reads x and target (on the CPU twice, from cache, with dx), writes dx; scratch: a partial sum per block.
///          Deterministic. Capture-safe.
/// Source   the cycle loss of Zhu et al. 2017, arXiv:1703.10593; 0 at 0, as in PyTorch.
void l1(const CpuExec& exec, const View& x, const View& target, const View& loss, const View& dx);
void l1(const CudaExec& exec, const View& x, const View& target, const View& loss, const View& dx);

}  // namespace segue::kernels
