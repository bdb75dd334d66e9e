// Filling and copying.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue::kernels {

/// Sets every element to a value.
///
///   x = value
///
/// x        any shape f32, on CUDA also bf16 and f16   out  on CUDA at any pitch; padding lanes become zero
/// value    host constant                                   the same in every step
/// Throws   invalid_argument if x is not of these types, or on the CPU not dense.
/// Traffic  writes every element once.  Deterministic. Capture-safe.
/// Source   none.
void fill(const CpuExec& exec, const View& x, float value);
void fill(const CudaExec& exec, const View& x, float value);

/// Copies a tensor. On CUDA it also converts between f32, bf16 and f16, and of these types between pitches, and from and
/// to slices.
///
///   y = x, rounded to the type of y
///
/// x        any shape and type   in
/// y        as x                 out  not overlapping x; on CUDA of another of the three types or pitch if x is of them
/// Throws   invalid_argument if shapes, types or pitches differ, beyond the above.
/// Traffic  reads and writes every element once.  Deterministic. Capture-safe.
/// Source   none.
void copy(const CpuExec& exec, const View& x, const View& y);
void copy(const CudaExec& exec, const View& x, const View& y);

}  // namespace segue::kernels
