// Labels from a model's own predictions, at the size of the image, from logits of low resolution.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue::kernels {

/// pseudo_label of the bilinearly resized logits, without ever writing them.
///
///   z = resize_bilinear(logits, H, W), align_corners = false
///   k = argmax_c z_c, the lowest of equal ones;   q = softmax(z)_k = 1 / sum_c exp(z_c - z_k)
///   label = q >= thresholds[k] ? k : 255;         histogram[k, min(floor(q B), B-1)] += 1
///   A pixel with a NaN, or whose largest logit is infinite, has q = NaN: label 255, not counted.
///
/// logits      (N,h,w,C) f32   in     C <= 255 classes; any ratio of H to h and W to w; on CUDA also bf16 and f16, any
///                                    pitch
/// thresholds  (C) f32         in     least confidence by class, on the device; one for all: C times the same
/// labels      (N,H,W) u8      out    class or 255
/// confidence  (N,H,W) f32     out    q; may be absent
/// histogram   (C,B) u64       inout  pixels by class k and bin of q, kept or not; may be absent
/// Throws      invalid_argument if shapes or types disagree or C > 255.
/// Traffic     reads the logits once, C sizeof(T) bytes a pixel of h w, writes 1 byte a pixel of H W, with
///             confidence 5.  Deterministic. Capture-safe.
/// Source      as pseudo_label.
void upsample_pseudo_label(const CpuExec& exec, const View& logits, const View& thresholds, const View& labels,
                           const View& confidence, const View& histogram);
void upsample_pseudo_label(const CudaExec& exec, const View& logits, const View& thresholds, const View& labels,
                           const View& confidence, const View& histogram);

}  // namespace segue::kernels
