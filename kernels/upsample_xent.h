// Bilinear upsampling, softmax and cross entropy in one kernel.
#pragma once

#include "exec.h"
#include "options.h"
#include "view.h"

namespace segue::kernels {

/// Mean softmax cross entropy of logits upsampled to the size of the labels, and its gradient for the logits as they
/// came: the upsampled logits are never in memory.
///
///   u       = resize_bilinear(z) to (H,W), align_corners = false, any ratio
///   loss    = inv_norm sum_p w_p (log sum_c exp(u_pc) - u_p,label)
///   dlogits = the transpose of that resize applied to w_p (softmax(u_p) - onehot(label))
///   w_p     = weights[p] class_weights[label], 0 if p is ignored
///
/// logits         (N,h,w,C) f32   in     z; C <= 256 classes; on CUDA also bf16 and f16, any pitch
/// labels         (N,H,W)   u8    in     classes, or `ignore`; any other value is bad and counts as ignored
/// weights        (N,H,W)   f32   in     or absent: 1
/// class_weights  (C)       f32   in     or absent: 1
/// inv_norm       ()        f32   in     see label_norm
/// loss           ()        f32   out    nats
/// dlogits        (N,h,w,C) f32   out    or absent; for d(loss) = 1 / inv_norm (docs/numbers.md); not overlapping
///                                       logits; type and pitch of the logits
/// status         ()        u32   inout  kStatusBadLabel is set if a label is bad
/// Throws   invalid_argument if shapes or types disagree, C > 256, or an extent is 0.
/// Traffic  reads logits, C sizeof(T) bytes a pixel of h w, and 1 byte a pixel of H W, 5 with weights; writes dlogits, as
///          much as the logits. On the CPU six padded rows of logits a strip as scratch. On CUDA bound by arithmetic:
///          about 6 instructions a class and pixel.
///          Deterministic. Capture-safe.
/// Source   the composition of resize_bilinear and softmax_xent.
void upsample_xent(const CpuExec& exec, const View& logits, const View& labels, const View& weights,
                   const View& class_weights, const View& inv_norm, const View& loss, const View& dlogits,
                   const View& status, const LabelOptions& options);
void upsample_xent(const CudaExec& exec, const View& logits, const View& labels, const View& weights,
                   const View& class_weights, const View& inv_norm, const View& loss, const View& dlogits,
                   const View& status, const LabelOptions& options);

}  // namespace segue::kernels
