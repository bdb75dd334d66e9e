// Leaky rectifier.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue::kernels {

/// Multiplies negative values by a small slope.
///
///   y = x < 0 ? slope x : x; a NaN stays a NaN
///
/// x        any shape f32, on CUDA also bf16 and f16   in
/// y        as x                                       out  may be x itself
/// slope    host constant                                   > 0, so that y tells the sign of x
/// Throws   invalid_argument if shapes, types or pitches differ, or slope is not positive.
/// Traffic  reads and writes every element once.  Deterministic. Capture-safe.
/// Source   Maas et al. 2013, "Rectifier nonlinearities improve neural network acoustic models".
void leaky_relu(const CpuExec& exec, const View& x, const View& y, float slope);
void leaky_relu(const CudaExec& exec, const View& x, const View& y, float slope);

/// Gradient of the leaky rectifier, read off its result.
///
///   dx = y > 0 ? dy : slope dy
///
/// dy       any shape f32, on CUDA also bf16 and f16   in
/// y        as dy                                      in   result of leaky_relu
/// dx       as dy                                      out  may be dy itself
/// slope    host constant                                   > 0, that of the forward call
/// Throws   invalid_argument if shapes, types or pitches differ, or slope is not positive.
/// Traffic  reads dy and y, writes dx.  Deterministic. Capture-safe.
/// Source   the derivative of the above; slope at 0, as in PyTorch.
void leaky_relu_grad(const CpuExec& exec, const View& dy, const View& y, const View& dx, float slope);
void leaky_relu_grad(const CudaExec& exec, const View& dy, const View& y, const View& dx, float slope);

}  // namespace segue::kernels
