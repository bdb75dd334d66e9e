// Sum of two tensors.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue::kernels {

/// Adds two tensors element by element.
///
///   y = a + b
///
/// a        any shape f32, on CUDA also bf16 and f16   in
/// b        as a                                       in
/// y        as a                                       out  may be a or b itself
/// Throws   invalid_argument if shapes, types or pitches differ.
/// Traffic  reads a and b, writes y.  Deterministic. Capture-safe.
/// Source   none.
void add(const CpuExec& exec, const View& a, const View& b, const View& y);
void add(const CudaExec& exec, const View& a, const View& b, const View& y);

}  // namespace segue::kernels
