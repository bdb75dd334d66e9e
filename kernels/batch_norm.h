// Batch normalisation, with a residual and a rectifier in the same pass.
#pragma once

#include "exec.h"
#include "options.h"
#include "view.h"

namespace segue::kernels {

/// Normalises every channel by its moments over all pixels, and moves the running statistics.
///
///   y = act(gamma (x - mean) rstd + beta + residual),   rstd = 1 / sqrt(variance + eps),   act = ReLU if options.relu
///   running_mean += momentum (mean - running_mean),     running_var likewise with variance M / (M - 1)
///
/// over M pixels; the variance is the biased one. With M = 1 it is 0, and running_var takes it as it is.
/// A mean is two f32, the rounded value and the rest of it: alone, the first would shift results by a visible part of
/// the deviation where that is much smaller than the mean.
///
/// T is f32; on CUDA also bf16 or f16, at any pitch, the same for operands of equal channels. Where x has no padding
/// lanes, y may have another pitch: as a slice of a wider image, of which no other lane is touched.
/// With options.phases, x lies in whole phases of images and y is those images, in memory of its own; no residual then.
///
/// x             (..,C) T     in
/// gamma         (C) f32      in
/// beta          (C) f32      in
/// residual      as x         in     absent: none
/// y             as x         out    may be x or residual itself, at their pitch
/// mean          (2,C) f32    out    for the gradient
/// rstd          (C) f32      out    for the gradient
/// running_mean  (C) f32      inout  absent with running_var: not moved
/// running_var   (C) f32      inout
/// Throws   invalid_argument if shapes, types or pitches do not fit, there is no pixel, or eps is not positive.
/// Traffic  reads x twice and residual, writes y.  Deterministic. Capture-safe.
/// Source   Ioffe and Szegedy 2015, arXiv:1502.03167.
void batch_norm_train(const CpuExec& exec, const View& x, const View& gamma, const View& beta, const View& residual,
                      const View& y, const View& mean, const View& rstd, const View& running_mean,
                      const View& running_var, const BatchNormOptions& options);
void batch_norm_train(const CudaExec& exec, const View& x, const View& gamma, const View& beta, const View& residual,
                      const View& y, const View& mean, const View& rstd, const View& running_mean,
                      const View& running_var, const BatchNormOptions& options);

/// Normalises every channel by given statistics.
///
///   y = act(gamma (x - running_mean) / sqrt(running_var + eps) + beta + residual)
///
/// T is f32; on CUDA also bf16 or f16, at any pitch, the same for operands of equal channels. Where x has no padding
/// lanes, y may have another pitch: as a slice of a wider image, of which no other lane is touched.
/// With options.phases, x lies in whole phases of images and y is those images, in memory of its own; no residual then.
///
/// x             (..,C) T     in
/// gamma         (C) f32      in
/// beta          (C) f32      in
/// running_mean  (C) f32      in
/// running_var   (C) f32      in
/// residual      as x         in   absent: none
/// y             as x         out  may be x or residual itself, at their pitch
/// Throws   invalid_argument if shapes, types or pitches do not fit, or eps is not positive.
/// Traffic  reads x and residual, writes y.  Deterministic. Capture-safe.
/// Source   Ioffe and Szegedy 2015, arXiv:1502.03167.
void batch_norm_infer(const CpuExec& exec, const View& x, const View& gamma, const View& beta, const View& running_mean,
                      const View& running_var, const View& residual, const View& y, const BatchNormOptions& options);
void batch_norm_infer(const CudaExec& exec, const View& x, const View& gamma, const View& beta,
                      const View& running_mean, const View& running_var, const View& residual, const View& y,
                      const BatchNormOptions& options);

/// Gradient of batch_norm_train.
///
///   g = dy where y > 0, else 0 (dy itself without ReLU);   z = (x - mean) rstd
///   dgamma = sum g z,   dbeta = sum g,   dx = gamma rstd (g - dbeta / M - z dgamma / M),   dresidual = g
///
/// T is f32; on CUDA also bf16 or f16, at any pitch, the same for operands of equal channels. Where x has no padding
/// lanes, dy and y may each have another pitch: as slices of wider images.
/// With options.phases, x and dx lie in whole phases of images and dy is those images; neither y nor dresidual then.
///
/// dy         (..,C) T     in
/// x          as dy        in
/// y          as dy        in   absent: read off x where the rectifier cut; only if there was no residual
/// gamma      (C) f32      in
/// beta       (C) f32      in
/// mean       (2,C) f32    in   of the forward call
/// rstd       (C) f32      in
/// dx         as dy        out  may be dy itself, at its pitch, unless dresidual is; absent: not wanted
/// dgamma     (C) f32      out  inout if `add_gamma`; absent: not wanted
/// add_gamma  host constant     add to what is there
/// dbeta      (C) f32      out  inout if `add_beta`; absent: not wanted
/// add_beta   host constant     add to what is there
/// dresidual  as dy        out  may be dy itself, at its pitch; absent: not wanted
/// Throws   invalid_argument if shapes, types or pitches do not fit, there is no pixel, or dresidual is wanted of a
///          rectifier without y.
/// Traffic  reads dy, x and y twice, writes dx; with dresidual reads dy and y once, reads and writes dresidual.
///          Deterministic. Capture-safe.
/// Source   Ioffe and Szegedy 2015, arXiv:1502.03167, section 3.
void batch_norm_grad(const CpuExec& exec, const View& dy, const View& x, const View& y, const View& gamma,
                     const View& beta, const View& mean, const View& rstd, const View& dx, const View& dgamma,
                     bool add_gamma, const View& dbeta, bool add_beta, const View& dresidual,
                     const BatchNormOptions& options);
void batch_norm_grad(const CudaExec& exec, const View& dy, const View& x, const View& y, const View& gamma,
                     const View& beta, const View& mean, const View& rstd, const View& dx, const View& dgamma,
                     bool add_gamma, const View& dbeta, bool add_beta, const View& dresidual,
                     const BatchNormOptions& options);

/// Gradient of batch_norm_infer; the statistics have none.
///
///   g = dy where y > 0, else 0 (dy itself without ReLU);   rstd = 1 / sqrt(running_var + eps)
///   dgamma = sum g (x - running_mean) rstd,   dbeta = sum g,   dx = gamma rstd g,   dresidual = g
///
/// T is f32; on CUDA also bf16 or f16, at any pitch, the same for operands of equal channels. Where x has no padding
/// lanes, dy and y may each have another pitch: as slices of wider images.
/// With options.phases, x and dx lie in whole phases of images and dy is those images; neither y nor dresidual then.
///
/// dy            (..,C) T     in
/// x             as dy        in
/// y             as dy        in   absent: read off x where the rectifier cut; only if there was no residual
/// gamma         (C) f32      in
/// beta          (C) f32      in
/// running_mean  (C) f32      in
/// running_var   (C) f32      in
/// dx            as dy        out  may be dy itself, at its pitch, unless dresidual is; absent: not wanted
/// dgamma        (C) f32      out  inout if `add_gamma`; absent: not wanted
/// add_gamma     host constant     add to what is there
/// dbeta         (C) f32      out  inout if `add_beta`; absent: not wanted
/// add_beta      host constant     add to what is there
/// dresidual     as dy        out  may be dy itself, at its pitch; absent: not wanted
/// Throws   invalid_argument if shapes, types or pitches do not fit, or dresidual is wanted of a rectifier without y.
/// Traffic  reads dy, x and y, writes dx and dresidual; reads x and dresidual again if both are wanted.
///          Deterministic. Capture-safe.
/// Source   the derivative of the above.
void batch_norm_infer_grad(const CpuExec& exec, const View& dy, const View& x, const View& y, const View& gamma,
                           const View& beta, const View& running_mean, const View& running_var, const View& dx,
                           const View& dgamma, bool add_gamma, const View& dbeta, bool add_beta, const View& dresidual,
                           const BatchNormOptions& options);
void batch_norm_infer_grad(const CudaExec& exec, const View& dy, const View& x, const View& y, const View& gamma,
                           const View& beta, const View& running_mean, const View& running_var, const View& dx,
                           const View& dgamma, bool add_gamma, const View& dbeta, bool add_beta, const View& dresidual,
                           const BatchNormOptions& options);

}  // namespace segue::kernels
