// Entropy minimisation on images without labels.
#pragma once

#include "runtime/ops.h"

namespace segue {

/// 1 / log C: makes an entropy in nats a share of the largest possible one. Throws invalid_argument for one class.
float inv_max_entropy(const Tensor& logits);

/// Mean entropy of the class distributions, as a share of the largest -> () in [0, 1]:
///
///   L = -1/(P log C) sum_p sum_c p_pc log p_pc,   p = softmax(logits)
///
/// logits (N,H,W,C); the published code upsamples them to image size first.
/// Source: Vu et al. 2019, "ADVENT", arXiv:1811.12833, equation 4, as a mean.
Tensor entropy_loss(Context& c, const Tensor& logits);

}  // namespace segue
