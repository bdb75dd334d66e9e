// Translations that keep their meaning: what a segmentation model sees in an image, it sees in the translation too.
#pragma once

#include <string>

#include "models/model_file.h"

namespace segue {

/// The segmentation model of one domain as a frozen judge of translations from and to it.
class SemanticLoss {
 public:
  /// Opens the model; its context outlives this. Throws data if `weights` hold no segmentation model.
  SemanticLoss(Context& c, const std::string& weights);

  /// Mean divergence of what the model sees in `translated` from what it sees in `image` -> ():
  ///
  ///   L = 1/P sum_p KL(softmax(f(image)_p) || softmax(f(translated)_p)),   P pixels of the logits
  ///
  /// image, translated (N,H,W,3) in [-1, 1], H and W at least 32; the gradient goes into `translated` alone.
  /// Throws invalid_argument if shapes disagree. Source: Hoffman et al. 2018, "CyCADA", arXiv:1711.03213, equation 4, with
  /// the distribution in place of its maximum, so that doubtful pixels count little.
  Tensor operator()(Context& c, const Tensor& image, const Tensor& translated);

 private:
  Tensor logits(Context& c, const Tensor& x);

  OpenSegmenter judge_;
  Tensor one_, zero_, mean_, variance_;  // (3): from [-1, 1] to the images that the model has learned from
};

}  // namespace segue
