// Evaluation at the size of the labels, from logits of low resolution.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue::kernels {

/// Predicts the class of every pixel from bilinearly resized logits and counts it in the confusion matrix, in one pass.
///
///   z = resize_bilinear(logits, H, W), align_corners = false;   k = argmax_c z_c, the lowest of equal ones
///   matrix[label, k] += 1 unless label = ignore
///   A NaN is never the largest; class 0 is predicted where nothing is.
///
/// logits       (N,h,w,C) f32   in     C <= 256 classes; any ratio of H to h and W to w; on CUDA also bf16 and f16, any
///                                     pitch
/// labels       (N,H,W) u8      in     class or `ignore`
/// matrix       (C,C) u64       inout  pixels by label (row) and prediction (column)
/// predictions  (N,H,W) u8      out    k, also where the label is ignored; may be absent
/// status       () u32          inout  kStatusBadLabel is set where a label is neither; that pixel is not counted
/// ignore       host constant          label of pixels that do not count, -1 .. 255; -1: none
/// Throws       invalid_argument if shapes or types disagree, C > 256 or ignore is out of range.
/// Traffic      reads the logits once, C sizeof(T) bytes a pixel of h w, and 1 byte a pixel of H W, with predictions
///              writes another.
///              Deterministic. Capture-safe.
/// Source       Everingham et al. 2015, "The Pascal visual object classes challenge: a retrospective" (IoU counts).
void upsample_confusion(const CpuExec& exec, const View& logits, const View& labels, const View& matrix,
                        const View& predictions, const View& status, int ignore);
void upsample_confusion(const CudaExec& exec, const View& logits, const View& labels, const View& matrix,
                        const View& predictions, const View& status, int ignore);

}  // namespace segue::kernels
