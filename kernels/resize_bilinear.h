// Bilinear resize.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue::kernels {

/// Resizes images, up or down, by linear interpolation between the two nearest rows and columns; downwards without
/// smoothing.
///
///   e_i[q] = x[i, q.low] + q.weight (x[i, q.high] - x[i, q.low]);   y[p,q] = e_a + p.weight (e_b - e_a)
///
/// with a = p.low, b = p.high: the taps of bilinear_tap.h. An image of one pixel fills the result.
///
/// T is f32; on CUDA also bf16 or f16, at any pitch, the same for operands of equal channels. If x has no padding lanes,
/// y may be a slice of a wider image, of which no other lane is touched.
///
/// x              (N,H,W,C) T     in
/// y              (N,P,Q,C) T     out
/// align_corners  host constant        corner pixels fall on corner pixels, else corners on corners
/// Throws   invalid_argument if shapes, types or pitches differ, or an image has no pixel.
/// Traffic  reads x, writes y.  Deterministic. Capture-safe.
/// Source   torch.nn.functional.interpolate, mode 'bilinear'.
void resize_bilinear(const CpuExec& exec, const View& x, const View& y, bool align_corners);
void resize_bilinear(const CudaExec& exec, const View& x, const View& y, bool align_corners);

/// Gradient of resize_bilinear: each value gathers from the results it went into, rows first, then columns.
///
///   dx[h,w] = sum over p, q of (share of h in p) (share of w in q) dy[p,q]      (added to dx if `accumulate`)
///
/// T is f32; on CUDA also bf16 or f16, at any pitch, the same for operands of equal channels. If dx has no padding lanes,
/// dy may be a slice of a wider image.
///
/// dy             (N,P,Q,C) T     in
/// dx             (N,H,W,C) T     out  inout if `accumulate`
/// align_corners  host constant        as in the forward call
/// accumulate     host constant        add to what is there
/// Throws   invalid_argument if shapes, types or pitches differ, or an image has no pixel.
/// Traffic  reads dy twice, the second time from the cache; writes dx.  Deterministic. Capture-safe.
/// Source   the derivative of the above.
void resize_bilinear_grad(const CpuExec& exec, const View& dy, const View& dx, bool align_corners, bool accumulate);
void resize_bilinear_grad(const CudaExec& exec, const View& dy, const View& dx, bool align_corners, bool accumulate);

}  // namespace segue::kernels
