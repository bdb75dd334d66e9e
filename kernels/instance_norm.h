// Instance normalisation, with a residual and an activation in the same pass.
#pragma once

#include "exec.h"
#include "options.h"
#include "view.h"

namespace segue::kernels {

/// Normalises every channel of every image by its own moments; no affine parameters.
///
///   y = act((x - mean) rstd + residual),   rstd = 1 / sqrt(variance + eps),   act(v) = v < 0 ? slope v : v
///
/// over the H W pixels of an image; the variance is the biased one, and with H W = 1 it is 0: y = act(residual).
/// A mean is two f32, the rounded value and the rest of it, as in batch_norm_train.
///
/// T is f32; on CUDA also bf16 or f16, at any pitch, the same for operands of equal channels.
///
/// x         (N,H,W,C) T     in
/// residual  as x            in   absent: none
/// y         as x            out  may be x or residual itself
/// mean      (2,N,C) f32     out  for the gradient
/// rstd      (N,C) f32       out  for the gradient
/// Throws   invalid_argument if shapes, types or pitches differ, an image has no pixel, eps is not positive or slope
///          negative.
/// Traffic  reads x twice and residual, writes y.  Deterministic. Capture-safe.
/// Source   Ulyanov et al. 2016, arXiv:1607.08022.
void instance_norm(const CpuExec& exec, const View& x, const View& residual, const View& y, const View& mean,
                   const View& rstd, const InstanceNormOptions& options);
void instance_norm(const CudaExec& exec, const View& x, const View& residual, const View& y, const View& mean,
                   const View& rstd, const InstanceNormOptions& options);

/// Gradient of instance_norm.
///
///   g = y > 0 ? dy : slope dy;   z = (x - mean) rstd
///   dx = rstd (g - mean(g) - z mean(g z)) with means over an image,   dresidual = g
///
/// T is f32; on CUDA also bf16 or f16, at any pitch, the same for operands of equal channels.
///
/// dy         (N,H,W,C) T     in
/// x          as dy           in
/// y          as dy           in   absent: the sign is read off x; only if there was no residual
/// mean       (2,N,C) f32     in   of the forward call
/// rstd       (N,C) f32       in
/// dx         as dy           out  may be dy itself unless dresidual is; absent: not wanted
/// dresidual  as dy           out  may be dy itself; absent: not wanted
/// Throws   invalid_argument if shapes, types or pitches differ, an image has no pixel, or dresidual is wanted of an
///          activation without y.
/// Traffic  reads dy, x and y twice, writes dx; with dresidual reads dy and y once, reads and writes dresidual.
///          Deterministic. Capture-safe.
/// Source   the derivative of the above.
void instance_norm_grad(const CpuExec& exec, const View& dy, const View& x, const View& y, const View& mean,
                        const View& rstd, const View& dx, const View& dresidual, const InstanceNormOptions& options);
void instance_norm_grad(const CudaExec& exec, const View& dy, const View& x, const View& y, const View& mean,
                        const View& rstd, const View& dx, const View& dresidual, const InstanceNormOptions& options);

}  // namespace segue::kernels
