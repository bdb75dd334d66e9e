// Part of an image.
#pragma once

#include "exec.h"
#include "options.h"
#include "view.h"

namespace segue::kernels {

/// Cuts a window out of an image. Its gradient is pad_constant with zeros, and it is the gradient of pad_constant.
///
///   y[n,h,w,c] = x[n, top + h, left + w, c]
///
/// T is f32; on CUDA also bf16 or f16, at any pitch, the same for operands of equal channels.
///
/// x        (N,H,W,C)            T     in
/// y        (N,height,width,C)   T     out  not overlapping x
/// window   host constant                   pixels; inside x
/// Throws   invalid_argument if shapes, types or pitches disagree, or the window reaches out of the image.
/// Traffic  reads and writes the window once.  Deterministic. Capture-safe.
/// Source   none.
void crop(const CpuExec& exec, const View& x, const View& y, const Window& window);
void crop(const CudaExec& exec, const View& x, const View& y, const Window& window);

}  // namespace segue::kernels
