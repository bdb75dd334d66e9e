// Filling and copying.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue::kernels {

/// Sets every element to a value.
///
///   x = value
///
/// x        any shape f32   out  dense
/// value    host constant        the same in every step
/// Throws   invalid_argument if x is not dense f32.
/// Traffic  writes every element once.  Deterministic. Capture-safe.
/// Source   none.
void fill(const CpuExec& exec, const View& x, float value);

/// Copies a tensor.
///
///   y = x
///
/// x        any shape and type   in
/// y        as x                 out  not overlapping x
/// Throws   invalid_argument if shapes, types or pitches differ.
/// Traffic  reads and writes every element once.  Deterministic. Capture-safe.
/// Source   none.
void copy(const CpuExec& exec, const View& x, const View& y);

}  // namespace segue::kernels
