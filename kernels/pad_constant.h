// Padding with a constant.
#pragma once

#include "exec.h"
#include "options.h"
#include "view.h"

namespace segue::kernels {

/// Puts rows and columns of a constant around an image. Its gradient is crop, and with zeros it is the gradient of
/// crop.
///
///   y[n,h,w,c] = x[n, h - top, w - left, c] inside, else value
///
/// T is f32; on CUDA also bf16 or f16, at any pitch, the same for operands of equal channels.
///
/// x        (N,H,W,C)                           T     in
/// y        (N,top+H+bottom,left+W+right,C)     T     out  not overlapping x
/// pad      host constant                                  pixels; each >= 0
/// value    host constant                                  the same in every step
/// Throws   invalid_argument if shapes, types or pitches disagree or a pad is negative.
/// Traffic  reads x, writes y.  Deterministic. Capture-safe.
/// Source   none.
void pad_constant(const CpuExec& exec, const View& x, const View& y, const Padding& pad, float value);
void pad_constant(const CudaExec& exec, const View& x, const View& y, const Padding& pad, float value);

}  // namespace segue::kernels
