// Hyperbolic tangent.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue::kernels {

/// Hyperbolic tangent of every element.
///
///   y = tanh(x)
///
/// x        any shape f32, on CUDA also bf16 and f16   in
/// y        as x                                       out  may be x itself; in [-1, 1]
/// Throws   invalid_argument if shapes, types or pitches differ.
/// Traffic  reads and writes every element once.  Deterministic. Capture-safe.
/// Source   none; on the CPU evaluated by vtanh of vmath.h.
void tanh(const CpuExec& exec, const View& x, const View& y);
void tanh(const CudaExec& exec, const View& x, const View& y);

/// Gradient of the hyperbolic tangent, read off its result.
///
///   dx = dy (1 - y) (1 + y)
///
/// dy       any shape f32, on CUDA also bf16 and f16   in
/// y        as dy                                      in   result of tanh
/// dx       as dy                                      out  may be dy itself
/// Throws   invalid_argument if shapes, types or pitches differ.
/// Traffic  reads dy and y, writes dx.  Deterministic. Capture-safe.
/// Source   the derivative of the above; as a product, which keeps its digits near saturation where 1 - y^2 cancels.
void tanh_grad(const CpuExec& exec, const View& dy, const View& y, const View& dx);
void tanh_grad(const CudaExec& exec, const View& dy, const View& y, const View& dx);

}  // namespace segue::kernels
