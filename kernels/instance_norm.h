// Instance normalisation, with a residual and an activation in the same pass.
#pragma once

#include "exec.h"
#include "options.h"
#include "view.h"

namespace segue::kernels {

/// Normalises every channel of every image by its own moments; no affine parameters. The result, like the residual, may
/// have a border: options.pad pixels that reflect it, as pad_reflect makes them.
///
///   y = pad_reflect(act((x - mean) rstd + inner(residual))),   rstd = 1 / sqrt(variance + eps),
///   act(v) = v < 0 ? slope v : v
///
/// over the H W pixels of an image; the variance is the biased one, and with H W = 1 it is 0: y = act(residual).
/// inner() leaves out the residual's border of options.residual_pad pixels, which is not read.
/// A mean is two f32, the rounded value and the rest of it, as in batch_norm_train.
///
/// T is f32; on CUDA also bf16 or f16, at any pitch, the same for operands of equal channels. Without borders y may
/// have another pitch, as in batch_norm_train. p is options.pad, r options.residual_pad.
///
/// x         (N,H,W,C) T        in
/// residual  (N,H+2r,W+2r,C) T  in   absent: none
/// y         (N,H+2p,W+2p,C) T  out  may be x itself if p = 0, and residual itself if p = r, at their pitch
/// mean      (2,N,C) f32        out  for the gradient
/// rstd      (N,C) f32          out  for the gradient
/// Throws   invalid_argument if shapes, types or pitches do not fit, an image has no pixel, eps is not positive, slope
///          negative, not 0 <= p, r < H, W, or y lies where it must not.
/// Traffic  reads x twice and the inner residual, writes y.  Deterministic. Capture-safe.
/// Source   Ulyanov et al. 2016, arXiv:1607.08022.
void instance_norm(const CpuExec& exec, const View& x, const View& residual, const View& y, const View& mean,
                   const View& rstd, const InstanceNormOptions& options);
void instance_norm(const CudaExec& exec, const View& x, const View& residual, const View& y, const View& mean,
                   const View& rstd, const InstanceNormOptions& options);

/// Gradient of instance_norm.
///
///   d = sum of dy over a pixel and the cells that mirror it, in a fixed order;   g = y > 0 ? d : slope d
///   z = (x - mean) rstd;   dx = rstd (g - mean(g) - z mean(g z)) with means over an image
///   dresidual = g, and 0 in its border
///
/// d is an f32 and not rounded to T, as it is on its way from pad_reflect_grad to this gradient without borders; on the
/// CPU both ways give the same bits if slope is 0 or 1.
///
/// T is f32; on CUDA also bf16 or f16, at any pitch, the same for operands of equal channels. Without borders dy and y
/// may each have another pitch, as in batch_norm_grad. p is options.pad, r options.residual_pad.
///
/// dy         (N,H+2p,W+2p,C) T  in
/// x          (N,H,W,C) T        in
/// y          as dy              in   absent: the sign is read off x; only if there was no residual
/// mean       (2,N,C) f32        in   of the forward call
/// rstd       (N,C) f32          in
/// dx         as x               out  may be dy itself if p = 0, unless dresidual is; absent: not wanted
/// dresidual  (N,H+2r,W+2r,C) T  out  may be dy itself if p = r; absent: not wanted
/// Throws   invalid_argument if shapes, types or pitches do not fit, an image has no pixel, not 0 <= p, r < H, W,
///          dresidual is wanted of an activation without y, or results lie where they must not.
/// Traffic  reads dy, x and y twice, writes dx; with dresidual reads dy and y once, reads and writes dresidual. With
///          dresidual of a 16-bit T and p > 0: reads dy, x and y twice, writes dx and dresidual.
///          Deterministic. Capture-safe.
/// Source   the derivative of the above.
void instance_norm_grad(const CpuExec& exec, const View& dy, const View& x, const View& y, const View& mean,
                        const View& rstd, const View& dx, const View& dresidual, const InstanceNormOptions& options);
void instance_norm_grad(const CudaExec& exec, const View& dy, const View& x, const View& y, const View& mean,
                        const View& rstd, const View& dx, const View& dresidual, const InstanceNormOptions& options);

}  // namespace segue::kernels
