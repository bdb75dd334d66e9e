// Mirroring.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue::kernels {

/// Mirrors an image left to right. It is its own gradient.
///
///   y[n,h,w,c] = x[n, h, W - 1 - w, c]
///
/// T is f32; on CUDA also bf16 or f16, at any pitch, the same for operands of equal channels.
///
/// x        (N,H,W,C) T     in
/// y        as x            out  not overlapping x
/// Throws   invalid_argument if shapes, types or pitches differ, or x is not an image.
/// Traffic  reads and writes every element once.  Deterministic. Capture-safe.
/// Source   none.
void flip(const CpuExec& exec, const View& x, const View& y);
void flip(const CudaExec& exec, const View& x, const View& y);

}  // namespace segue::kernels
