// Multiplication by a scalar.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue::kernels {

/// Multiplies every element by a constant.
///
///   y = factor x
///
/// x        any shape f32, on CUDA also bf16 and f16   in
/// factor   host constant                                   the same in every step
/// y        as x                                       out  may be x itself
/// Throws   invalid_argument if shapes, types or pitches differ.
/// Traffic  reads and writes every element once.  Deterministic. Capture-safe.
/// Source   none.
void scale(const CpuExec& exec, const View& x, float factor, const View& y);
void scale(const CudaExec& exec, const View& x, float factor, const View& y);

/// Multiplies every element by a scalar that lies in device memory.
///
///   y = s x
///
/// x        any shape f32, on CUDA also bf16 and f16   in
/// s        () f32                                     in   read when the kernel runs
/// y        as x                                       out  may be x itself
/// Throws   invalid_argument if shapes, types or pitches differ, or s is not one f32.
/// Traffic  reads and writes every element once.  Deterministic. Capture-safe.
/// Source   none.
void scale_by(const CpuExec& exec, const View& x, const View& s, const View& y);
void scale_by(const CudaExec& exec, const View& x, const View& s, const View& y);

}  // namespace segue::kernels
