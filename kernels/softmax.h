// Softmax.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue::kernels {

/// Softmax over the last axis.
///
///   y_c = exp(x_c - m) / sum_k exp(x_k - m),  m = max_k x_k
///
/// x        (...,C) f32, on CUDA also bf16 and f16   in   logits; on CUDA C <= 256
/// y        as x                                    out  may be x itself; probabilities, each row sums to 1
/// Throws   invalid_argument if shapes or types differ.
/// Traffic  reads and writes every element once.  Deterministic. Capture-safe.
/// Source   Bridle 1990, "Probabilistic interpretation of feedforward classification network outputs".
void softmax(const CpuExec& exec, const View& x, const View& y);
void softmax(const CudaExec& exec, const View& x, const View& y);

/// Gradient of softmax, read off its result.
///
///   dx_c = y_c (dy_c - sum_k dy_k y_k)
///
/// dy       (...,C) f32, on CUDA also bf16 and f16   in   on CUDA C <= 256
/// y        as dy                                   in   result of softmax
/// dx       as dy                                   out  may be dy itself
/// Throws   invalid_argument if shapes or types differ.
/// Traffic  reads dy and y, writes dx.  Deterministic. Capture-safe.
/// Source   the derivative of the above.
void softmax_grad(const CpuExec& exec, const View& dy, const View& y, const View& dx);
void softmax_grad(const CudaExec& exec, const View& dy, const View& y, const View& dx);

}  // namespace segue::kernels
