// Mean over all pixels of an image.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue::kernels {

/// Averages every channel of every image.
///
///   y[n,0,0,c] = 1/(H W) sum over h, w of x[n,h,w,c]
///
/// T is f32; on CUDA also bf16 or f16, at any pitch, the same for operands of equal channels.
///
/// x        (N,H,W,C) T     in
/// y        (N,1,1,C) T     out
/// Throws   invalid_argument if shapes, types or pitches differ, or an image has no pixel.
/// Traffic  reads x.  Deterministic. Capture-safe.
/// Source   Lin et al. 2014, arXiv:1312.4400, section 3.2.
void mean_pool(const CpuExec& exec, const View& x, const View& y);
void mean_pool(const CudaExec& exec, const View& x, const View& y);

/// Gradient of mean_pool.
///
///   dx[n,h,w,c] = dy[n,0,0,c] / (H W)      (added to dx if `accumulate`)
///
/// T is f32; on CUDA also bf16 or f16, at any pitch, the same for operands of equal channels.
///
/// dy          (N,1,1,C) T     in
/// dx          (N,H,W,C) T     out  inout if `accumulate`
/// accumulate  host constant        add to what is there
/// Throws   invalid_argument if shapes, types or pitches differ, or an image has no pixel.
/// Traffic  writes dx.  Deterministic. Capture-safe.
/// Source   the derivative of the above.
void mean_pool_grad(const CpuExec& exec, const View& dy, const View& dx, bool accumulate);
void mean_pool_grad(const CudaExec& exec, const View& dy, const View& dx, bool accumulate);

}  // namespace segue::kernels
