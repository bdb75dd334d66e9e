// Binary cross entropy of a sigmoid.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue::kernels {

/// Mean binary cross entropy of sigmoid(x) against a constant and, if wanted, its gradient, in one pass.
///
///   loss = 1/n sum_i max(x_i, 0) - x_i target + log(1 + exp(-|x_i|));   dx_i = sigmoid(x_i) - target
///
/// x        any shape f32, on CUDA also bf16 and f16   in   n >= 1 elements: scores of a discriminator
/// target   host constant in [0, 1]                         1 for real, 0 for fake
/// loss     () f32                                     out  nats
/// dx       as x                                       out  or absent; for d(loss) = n (docs/numbers.md); not
///                                                          overlapping x
/// Throws   invalid_argument if shapes, types or pitches disagree, x is empty, or target lies outside [0, 1].
/// Traffic  reads x (on the CPU twice, from cache, with dx), writes dx; scratch: a partial sum per block.
///          Deterministic. Capture-safe.
/// Source   Goodfellow et al. 2014, arXiv:1406.2661; the form that does not overflow is PyTorch's
///          binary_cross_entropy_with_logits.
void bce_logits(const CpuExec& exec, const View& x, float target, const View& loss, const View& dx);
void bce_logits(const CudaExec& exec, const View& x, float target, const View& loss, const View& dx);

}  // namespace segue::kernels
