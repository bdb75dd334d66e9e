// Reflection padding.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue::kernels {

/// Pads an image on all four sides with its mirror image; the border itself is not repeated.
///
///   y[n,h,w,c] = x[n, r(h - pad, H), r(w - pad, W), c],  r(i, E) = |i| for i < E, else 2 (E - 1) - i
///
/// T is f32; on CUDA also bf16 or f16, at any pitch, the same for operands of equal channels.
///
/// x        (N,H,W,C)             T     in
/// y        (N,H+2pad,W+2pad,C)   T     out  not overlapping x
/// pad      host constant                    pixels; 0 <= pad < H, W
/// Throws   invalid_argument if shapes, types or pitches disagree, or not 0 <= pad < H, W.
/// Traffic  reads x, writes y.  Deterministic. Capture-safe.
/// Source   none; as ReflectionPad2d of PyTorch.
void pad_reflect(const CpuExec& exec, const View& x, const View& y, int64_t pad);
void pad_reflect(const CudaExec& exec, const View& x, const View& y, int64_t pad);

/// Gradient of the reflection padding: each pixel gathers the gradients of its one to nine copies.
///
///   dx[n,h,w,c] = sum of dy[n,i,j,c] over r(i - pad, H) = h, r(j - pad, W) = w; in a fixed order
///
/// T is f32; on CUDA also bf16 or f16, at any pitch, the same for operands of equal channels.
///
/// dy       (N,H+2pad,W+2pad,C)   T     in
/// dx       (N,H,W,C)             T     out  not overlapping dy
/// pad      host constant                    pixels; 0 <= pad < H, W
/// Throws   invalid_argument if shapes, types or pitches disagree, or not 0 <= pad < H, W.
/// Traffic  reads dy, writes dx.  Deterministic. Capture-safe.
/// Source   the transpose of the above, as a gather.
void pad_reflect_grad(const CpuExec& exec, const View& dy, const View& dx, int64_t pad);
void pad_reflect_grad(const CudaExec& exec, const View& dy, const View& dx, int64_t pad);

}  // namespace segue::kernels
