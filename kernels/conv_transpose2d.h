// Two-dimensional transposed convolution.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue {

/// Square geometry; `output_pad` rows and columns are added at the bottom and right, as in PyTorch.
struct ConvTranspose2dOptions {
  int stride = 1;
  int pad = 0;
  int output_pad = 0;
};

/// Extent of the output along one axis: (in - 1) stride - 2 pad + kernel + output_pad.
int64_t conv_transpose2d_out_extent(int64_t in, int64_t kernel, const ConvTranspose2dOptions& options);

namespace kernels {

/// Transposed convolution, optionally with a bias.
///
///   y[n, h stride - pad + r, w stride - pad + s, k] = bias[k] + sum over (h,w,r,s,c) that meet there of x[n,h,w,c]
///   w[c,r,s,k]
///
/// On CUDA x, w and y are all f32, bf16 or f16, images have any pitch, and the bias is rounded to the type of y.
///
/// x        (N,H,W,C) f32   in
/// w        (C,R,S,K) f32   in   filters of the convolution whose input gradient this is
/// bias     (K)       f32   in   or absent
/// y        (N,P,Q,K) f32   out  P, Q = conv_transpose2d_out_extent of H, W
/// Throws   invalid_argument if shapes disagree; device if cuDNN reports a failure.
/// Traffic  reads x, w, bias, writes y; scratch: packed operands.  Deterministic. Capture-safe after the first call.
/// Source   Dumoulin and Visin 2016, arXiv:1603.07285, section 4.
void conv_transpose2d(const CpuExec& exec, const View& x, const View& w, const View& bias, const View& y,
                      const ConvTranspose2dOptions& options);
void conv_transpose2d(const CudaExec& exec, const View& x, const View& w, const View& bias, const View& y,
                      const ConvTranspose2dOptions& options);

/// Gradient of a transposed convolution's input.
///
///   dx[n,h,w,c] (+)= sum_{r,s,k} dy[n, h stride - pad + r, w stride - pad + s, k] w[c,r,s,k]
///
/// On CUDA dy, w and dx are all f32, bf16 or f16, and images have any pitch.
///
/// dy       (N,P,Q,K) f32   in
/// w        (C,R,S,K) f32   in
/// dx       (N,H,W,C) f32   out (inout if accumulate)
/// Throws   invalid_argument if shapes disagree; device if cuDNN reports a failure.
/// Traffic  reads dy, w, writes dx (reads it too if accumulate).  Deterministic. Capture-safe after the first call.
/// Source   Dumoulin and Visin 2016, arXiv:1603.07285, section 4.
void conv_transpose2d_dgrad(const CpuExec& exec, const View& dy, const View& w, const View& dx,
                            const ConvTranspose2dOptions& options, bool accumulate);
void conv_transpose2d_dgrad(const CudaExec& exec, const View& dy, const View& w, const View& dx,
                            const ConvTranspose2dOptions& options, bool accumulate);

/// Gradient of a transposed convolution's filter.
///
///   dw[c,r,s,k] (+)= sum_{n,h,w} x[n,h,w,c] dy[n, h stride - pad + r, w stride - pad + s, k]
///
/// On CUDA x and dy are both f32, bf16 or f16 of any pitch; the sum is f32, and rounded to their type before it becomes f32.
///
/// x        (N,H,W,C) f32   in
/// dy       (N,P,Q,K) f32   in
/// dw       (C,R,S,K) f32   out (inout if accumulate)
/// Throws   invalid_argument if shapes disagree; device if cuDNN reports a failure.
/// Traffic  reads x, dy, writes dw (reads it too if accumulate).
///          Deterministic for any number of threads, on CUDA for a given plan. Capture-safe.
/// Source   Dumoulin and Visin 2016, arXiv:1603.07285, section 4.
void conv_transpose2d_wgrad(const CpuExec& exec, const View& x, const View& dy, const View& dw,
                            const ConvTranspose2dOptions& options, bool accumulate);
void conv_transpose2d_wgrad(const CudaExec& exec, const View& x, const View& dy, const View& dw,
                            const ConvTranspose2dOptions& options, bool accumulate);

}  // namespace kernels
}  // namespace segue
