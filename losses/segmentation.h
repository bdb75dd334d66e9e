// The supervised loss of a segmentation model, also on pseudo-labels and mixed images.
#pragma once

#include "runtime/ops.h"

namespace segue {

/// What the pixels of a batch should be, and how much each counts.
struct SegmentationTarget {
  Tensor labels{};         ///< (N,H,W) u8 classes, or options.ignore
  Tensor weights{};        ///< (N,H,W) f32, or empty: 1
  Tensor class_weights{};  ///< (C) f32, or empty: 1
  LabelOptions options{};
};

/// Cross entropy at the size of the labels, from logits of any size:
///
///   L = 1/M sum_p w_p (-log softmax(up(logits))_p,label),   M by options.normalizer
///
/// logits (N,h,w,C) -> (); an ignored pixel adds nothing, a batch without a valid pixel gives 0 and zero gradients.
/// Throws invalid_argument if shapes disagree. Source: Long et al. 2015, arXiv:1411.4038.
Tensor segmentation_loss(Context& c, const Tensor& logits, const SegmentationTarget& target);

/// The same with an auxiliary head: L(logits) + aux_weight L(aux_logits). The heads may differ in size; empty
/// `aux_logits` leave the first term alone. Source: Zhao et al. 2017, arXiv:1612.01105, section 3.3 (weight 0.4).
Tensor segmentation_loss(Context& c, const Tensor& logits, const Tensor& aux_logits, const SegmentationTarget& target,
                         float aux_weight);

/// Target of a batch that CutMix or ClassMix has mixed, to go beside the loss of the source batch:
///
///   L_mix = 1/(N H W) sum_p w_p CE_p,   w = 1 on pasted pixels, the confidence of the teacher on the others
///
/// The mean is over all pixels, so that ignored and doubtful ones lower the loss instead of raising the rest.
/// Source: Tranheden et al. 2021, "DACS", arXiv:2007.08702, equation 3 and section 3.2.
SegmentationTarget mixed_target(const Tensor& labels, const Tensor& weights);

}  // namespace segue
