// Labels from a model's own predictions.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue::kernels {

/// Labels every pixel with its most probable class where the model is confident enough, and counts confidences.
///
///   k = argmax_c z_c, the lowest of equal ones;   q = softmax(z)_k = 1 / sum_c exp(z_c - z_k)
///   label = q >= thresholds[k] ? k : 255;         histogram[k, min(floor(q B), B-1)] += 1
///   A pixel with a NaN, or whose largest logit is infinite, has q = NaN: label 255, not counted.
///
/// logits      (P,C) or (N,H,W,C) f32, on CUDA also bf16 and f16   in     C <= 255 classes
/// thresholds  (C) f32              in     least confidence by class, on the device; one for all: C times the same
/// labels      (P) or (N,H,W) u8    out    class or 255
/// confidence  as labels, f32       out    q; may be absent
/// histogram   (C,B) u64            inout  pixels by class k and bin of q, kept or not; may be absent
/// Throws      invalid_argument if shapes or types disagree or C > 255.
/// Traffic     reads the logits once, C sizeof(T) bytes a pixel, writes 1 byte a pixel, with confidence 5.  Deterministic. Capture-safe.
/// Source      Zou et al. 2018, arXiv:1810.07911 (thresholds by class); the histogram gives the next round's
/// thresholds.
void pseudo_label(const CpuExec& exec, const View& logits, const View& thresholds, const View& labels,
                  const View& confidence, const View& histogram);
void pseudo_label(const CudaExec& exec, const View& logits, const View& thresholds, const View& labels,
                  const View& confidence, const View& histogram);

}  // namespace segue::kernels
