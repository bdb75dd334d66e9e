// Losses of discriminators and of the networks that they judge: images, segmentation outputs, features.
#pragma once

#include "runtime/ops.h"

namespace segue {

/// How a score is held against 0 or 1.
enum class GanLoss {
  lsgan,  ///< mean (score - want)^2: Mao et al. 2017, arXiv:1611.04076
  bce,    ///< mean binary cross entropy of sigmoid(score): Goodfellow et al. 2014, arXiv:1406.2661
};

/// What a discriminator is to say. Of images: fake 0, real 1. Of domains: source 0, target 1.
constexpr float kFake = 0, kReal = 1, kSourceDomain = 0, kTargetDomain = 1;

/// Mean loss of scores (any shape) against one value -> (). The side of the judged network:
///
///   a generator     L(D(fake), kReal)
///   a segmenter     L(D(output or features on target images), kSourceDomain)
///
/// The discriminator's parameters must be frozen there. Throws invalid_argument if `scores` is empty.
/// Source: Tsai et al. 2018, arXiv:1802.10349, equation 3; Zhu et al. 2017, arXiv:1703.10593.
Tensor score_loss(Context& c, const Tensor& scores, float want, GanLoss kind);

/// The side of the discriminator -> ():
///
///   L = (L(zeros, 0) + L(ones, 1)) / 2
///
/// zeros: scores of fake images or of the source domain; ones: of real images or of the target domain. What was scored
/// must be detached from the network that made it. Source: as above, with the halves of the published codes.
Tensor discriminator_loss(Context& c, const Tensor& zeros, const Tensor& ones, GanLoss kind);

/// What an output-level discriminator sees of a segmentation.
enum class DomainInput {
  probabilities,  ///< softmax: Tsai et al. 2018, arXiv:1802.10349
  information,    ///< -p log p / log C, in [0, 1]: Vu et al. 2019, "ADVENT", arXiv:1811.12833, section 3.2
};

/// Logits (N,h,w,C) at image size as a discriminator sees them -> (N,height,width,C). The logits are resized before the
/// softmax. Throws invalid_argument if shapes are wrong, or for `information` of one class.
Tensor domain_input(Context& c, const Tensor& logits, int64_t height, int64_t width, DomainInput kind);

}  // namespace segue
