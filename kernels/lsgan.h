// Least-squares GAN loss.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue::kernels {

/// Mean squared distance to a constant and, if wanted, its gradient, in one pass.
///
///   loss = 1/n sum_i (x_i - target)^2;   dx_i = 2 (x_i - target)
///
/// x        any shape f32, on CUDA also bf16 and f16   in   n >= 1 elements: scores of a discriminator
/// target   host constant                                   1 for real, 0 for fake
/// loss     () f32                                     out
/// dx       as x                                       out  or absent; for d(loss) = n (docs/numbers.md); not
///                                                          overlapping x
/// Throws   invalid_argument if shapes, types or pitches disagree, or x is empty.
/// Traffic  reads x (on the CPU twice, from cache, with dx), writes dx; scratch: a partial sum per block.
///          Deterministic. Capture-safe.
/// Source   Mao et al. 2017, arXiv:1611.04076.
void lsgan(const CpuExec& exec, const View& x, float target, const View& loss, const View& dx);
void lsgan(const CudaExec& exec, const View& x, float target, const View& loss, const View& dx);

}  // namespace segue::kernels
