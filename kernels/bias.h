// Bias of a convolution.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue::kernels {

/// Adds one value per channel.
///
///   y[.., c] = x[.., c] + b[c]
///
/// T is f32; on CUDA also bf16 or f16, at any pitch, the same for operands of equal channels.
///
/// x        (..,C) T     in
/// b        (C) f32      in
/// y        as x         out  may be x itself
/// Throws   invalid_argument if shapes, types or pitches differ.
/// Traffic  reads x, writes y.  Deterministic. Capture-safe.
/// Source   none.
void bias(const CpuExec& exec, const View& x, const View& b, const View& y);
void bias(const CudaExec& exec, const View& x, const View& b, const View& y);

/// Gradient of the bias.
///
///   db[c] = sum over pixels of dy[.., c]      (added to db if `accumulate`)
///
/// T is f32; on CUDA also bf16 or f16, at any pitch, the same for operands of equal channels.
///
/// dy          (..,C) T       in
/// db          (C) f32        out  inout if `accumulate`
/// accumulate  host constant       add to what is there
/// Throws   invalid_argument if shapes, types or pitches differ.
/// Traffic  reads dy.  Deterministic. Capture-safe.
/// Source   none.
void bias_grad(const CpuExec& exec, const View& dy, const View& db, bool accumulate);
void bias_grad(const CudaExec& exec, const View& dy, const View& db, bool accumulate);

}  // namespace segue::kernels
