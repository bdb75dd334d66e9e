// The normaliser of a loss over labelled pixels.
#pragma once

#include "exec.h"
#include "options.h"
#include "view.h"

namespace segue::kernels {

/// Computes what a loss over labelled pixels is multiplied by to become a mean, and looks for bad labels.
///
///   inv_norm = 1 / M, or 0 if M = 0;   over the pixels p that are not ignored
///   M = their number (valid),  sum_p weights[p] class_weights[label_p] (weights),  or all pixels, ignored ones too
///   (all)
///
/// labels         (P) or (N,H,W) u8    in     classes, or `ignore`; any other value is bad and counts as ignored
/// weights        as labels      f32   in     or absent: 1; read under Normalizer::weights alone
/// class_weights  (C)            f32   in     or absent: 1; read under Normalizer::weights alone
/// inv_norm       ()             f32   out
/// status         ()             u32   inout  kStatusBadLabel is set if a label is bad
/// classes        host constant               C, 1 to 256
/// Throws   invalid_argument if shapes or types disagree.
/// Traffic  reads labels, and the weights under Normalizer::weights.  Deterministic. Capture-safe.
/// Source   the means of PyTorch's cross_entropy; `all` is that of DACS, Tranheden et al. 2021, arXiv:2007.08702.
void label_norm(const CpuExec& exec, const View& labels, const View& weights, const View& class_weights,
                const View& inv_norm, const View& status, int64_t classes, const LabelOptions& options);
void label_norm(const CudaExec& exec, const View& labels, const View& weights, const View& class_weights,
                const View& inv_norm, const View& status, int64_t classes, const LabelOptions& options);

}  // namespace segue::kernels
