// Logistic function.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue::kernels {

/// Logistic function of every element.
///
///   y = 1 / (1 + exp(-x))
///
/// x        any shape f32, on CUDA also bf16 and f16   in
/// y        as x                                       out  may be x itself; in [0, 1]
/// Throws   invalid_argument if shapes, types or pitches differ.
/// Traffic  reads and writes every element once.  Deterministic. Capture-safe.
/// Source   none; on the CPU evaluated by vsigmoid of vmath.h, which neither overflows nor loses small results.
void sigmoid(const CpuExec& exec, const View& x, const View& y);
void sigmoid(const CudaExec& exec, const View& x, const View& y);

/// Gradient of the logistic function, read off its result.
///
///   dx = dy y (1 - y)
///
/// dy       any shape f32, on CUDA also bf16 and f16   in
/// y        as dy                                      in   result of sigmoid
/// dx       as dy                                      out  may be dy itself
/// Throws   invalid_argument if shapes, types or pitches differ.
/// Traffic  reads dy and y, writes dx.  Deterministic. Capture-safe.
/// Source   the derivative of the above.
void sigmoid_grad(const CpuExec& exec, const View& dy, const View& y, const View& dx);
void sigmoid_grad(const CudaExec& exec, const View& dy, const View& y, const View& dx);

}  // namespace segue::kernels
