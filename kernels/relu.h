// Rectifier.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue::kernels {

/// Sets negative values to zero.
///
///   y = max(x, 0); a NaN stays a NaN
///
/// x        any shape f32, on CUDA also bf16 and f16   in
/// y        as x                                       out  may be x itself
/// Throws   invalid_argument if shapes, types or pitches differ.
/// Traffic  reads and writes every element once.  Deterministic. Capture-safe.
/// Source   Nair and Hinton 2010, "Rectified linear units improve restricted Boltzmann machines".
void relu(const CpuExec& exec, const View& x, const View& y);
void relu(const CudaExec& exec, const View& x, const View& y);

/// Gradient of the rectifier, read off its result.
///
///   dx = y > 0 ? dy : 0
///
/// dy       any shape f32, on CUDA also bf16 and f16   in
/// y        as dy                                      in   result of relu
/// dx       as dy                                      out  may be dy itself
/// Throws   invalid_argument if shapes, types or pitches differ.
/// Traffic  reads dy and y, writes dx.  Deterministic. Capture-safe.
/// Source   the derivative of the above; 0 at 0, as in PyTorch.
void relu_grad(const CpuExec& exec, const View& dy, const View& y, const View& dx);
void relu_grad(const CudaExec& exec, const View& dy, const View& y, const View& dx);

}  // namespace segue::kernels
