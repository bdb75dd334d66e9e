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
/// x        (N,H,W,C)            f32   in
/// y        (N,height,width,C)   f32   out  not overlapping x
/// window   host constant                   pixels; inside x
/// Throws   invalid_argument if shapes disagree, or the window reaches out of the image.
/// Traffic  reads and writes the window once.  Deterministic. Capture-safe.
/// Source   none.
void crop(const CpuExec& exec, const View& x, const View& y, const Window& window);

}  // namespace segue::kernels
