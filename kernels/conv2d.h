// Two-dimensional convolution: forward, gradient of the input, gradient of the filter. Three operations of their own,
// because each has its own algorithms; none is ever expressed as another.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue {

/// Square geometry, as every layer of the models has it. `pad` zeros on each side.
struct Conv2dOptions {
  int stride = 1;
  int pad = 0;
  int dilation = 1;
};

/// Extent of the output along one axis: (in + 2 pad - dilation (kernel - 1) - 1) / stride + 1.
int64_t conv2d_out_extent(int64_t in, int64_t kernel, const Conv2dOptions& options);

namespace kernels {

/// Convolution (cross-correlation), optionally with a bias.
///
///   y[n,p,q,k] = bias[k] + sum_{r,s,c} x[n, p stride - pad + r dilation, q stride - pad + s dilation, c] w[k,r,s,c]
///
/// On CUDA x, w and y are all f32, bf16 or f16, images have any pitch, and the bias is rounded to the type of y.
///
/// x        (N,H,W,C) f32   in   images
/// w        (K,R,S,C) f32   in   filters
/// bias     (K)       f32   in   or absent
/// y        (N,P,Q,K) f32   out  P, Q = conv2d_out_extent of H, W
/// Throws   invalid_argument if shapes disagree; device if cuDNN reports a failure.
/// Traffic  reads x, w, bias, writes y; scratch: packed operands.  Deterministic. Capture-safe after the first call.
/// Source   Dumoulin and Visin 2016, arXiv:1603.07285.
void conv2d(const CpuExec& exec, const View& x, const View& w, const View& bias, const View& y,
            const Conv2dOptions& options);
void conv2d(const CudaExec& exec, const View& x, const View& w, const View& bias, const View& y,
            const Conv2dOptions& options);

/// Gradient of a convolution's input; also the forward pass of a transposed convolution.
///
///   dx[n,h,w,c] (+)= sum over all (p,q,r,s,k) that read x[n,h,w,c] of dy[n,p,q,k] w[k,r,s,c]
///
/// On CUDA dy, w and dx are all f32, bf16 or f16, and images have any pitch.
///
/// dy       (N,P,Q,K) f32   in
/// w        (K,R,S,C) f32   in
/// dx       (N,H,W,C) f32   out (inout if accumulate)
/// Throws   invalid_argument if shapes disagree; device if cuDNN reports a failure.
/// Traffic  reads dy, w, writes dx (reads it too if accumulate).  Deterministic. Capture-safe after the first call.
/// Source   Dumoulin and Visin 2016, arXiv:1603.07285, section 4.
void conv2d_dgrad(const CpuExec& exec, const View& dy, const View& w, const View& dx, const Conv2dOptions& options,
                  bool accumulate);
void conv2d_dgrad(const CudaExec& exec, const View& dy, const View& w, const View& dx, const Conv2dOptions& options,
                  bool accumulate);

/// Gradient of a convolution's filter.
///
///   dw[k,r,s,c] (+)= sum_{n,p,q} dy[n,p,q,k] x[n, p stride - pad + r dilation, q stride - pad + s dilation, c]
///
/// On CUDA x and dy are both f32, bf16 or f16 of any pitch; the sum is f32, and rounded to their type before it becomes f32.
///
/// x        (N,H,W,C) f32   in
/// dy       (N,P,Q,K) f32   in
/// dw       (K,R,S,C) f32   out (inout if accumulate)
/// Throws   invalid_argument if shapes disagree; device if cuDNN reports a failure.
/// Traffic  reads x, dy, writes dw (reads it too if accumulate).
///          Deterministic for any number of threads, on CUDA for a given plan. Capture-safe.
/// Source   Dumoulin and Visin 2016, arXiv:1603.07285.
void conv2d_wgrad(const CpuExec& exec, const View& x, const View& dy, const View& dw, const Conv2dOptions& options,
                  bool accumulate);
void conv2d_wgrad(const CudaExec& exec, const View& x, const View& dy, const View& dw, const Conv2dOptions& options,
                  bool accumulate);

}  // namespace kernels
}  // namespace segue
