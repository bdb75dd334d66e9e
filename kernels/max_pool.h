// Maximum over windows.
#pragma once

#include "exec.h"
#include "options.h"
#include "view.h"

namespace segue::kernels {

/// Extent of a pooled axis: windows that start within `pad` of the image and end within it, as PyTorch counts them.
inline int64_t max_pool_extent(int64_t in, const MaxPoolOptions& o) {
  return (in + 2 * o.pad - o.kernel) / o.stride + 1;
}

/// Takes the largest value of each window, channel by channel.
///
///   y[n,p,q,c] = max over r, s of x[n, p stride - pad + r, q stride - pad + s, c]      outside the image: left out
///
/// The first of equal values counts; a NaN wins over all, the last NaN over others.
///
/// x        (N,H,W,C) f32, on CUDA also bf16 and f16   in
/// y        (N,P,Q,C) as x                              out  P, Q by max_pool_extent
/// argmax   (N,P,Q,C) u8                                out  r kernel + s of the value taken, for the gradient; absent: not wanted
/// Throws   invalid_argument if shapes or types differ, the kernel is not in 1..16, the stride is below 1, or pad
///          is not in 0..kernel/2.
/// Traffic  reads x, writes y and argmax.  Deterministic. Capture-safe.
/// Source   torch.nn.MaxPool2d.
void max_pool(const CpuExec& exec, const View& x, const View& y, const View& argmax, const MaxPoolOptions& options);
void max_pool(const CudaExec& exec, const View& x, const View& y, const View& argmax, const MaxPoolOptions& options);

/// Gradient of max_pool: each value gathers from the windows that took it.
///
///   dx[n,h,w,c] = sum of dy[n,p,q,c] over windows (p,q) whose argmax is (h,w)      (added to dx if `accumulate`)
///
/// dy          (N,P,Q,C) f32, on CUDA also bf16 and f16   in
/// argmax      (N,P,Q,C) u8                                in
/// dx          (N,H,W,C) as dy                             out  inout if `accumulate`
/// accumulate  host constant        add to what is there
/// Throws   invalid_argument as max_pool.
/// Traffic  reads dy and argmax, writes dx.  Deterministic. Capture-safe.
/// Source   the derivative of the above.
void max_pool_grad(const CpuExec& exec, const View& dy, const View& argmax, const View& dx,
                   const MaxPoolOptions& options, bool accumulate);
void max_pool_grad(const CudaExec& exec, const View& dy, const View& argmax, const View& dx,
                   const MaxPoolOptions& options, bool accumulate);

}  // namespace segue::kernels
