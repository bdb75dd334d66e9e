// Discriminators that tell source from target: one for the output of a segmentation model, one for its features.
#pragma once

#include "layers.h"

namespace segue {

/// Fully convolutional, on class probabilities or self-information maps at image size: Tsai et al. 2018,
/// arXiv:1802.10349; Vu et al. 2019, arXiv:1811.12833. Names of the published code: "conv1" ... "conv4", "classifier".
struct OutputDiscriminatorOptions {
  int64_t classes = 19;  ///< channels of the input
  int64_t filters = 64;
};

class OutputDiscriminator : public Network {
 public:
  explicit OutputDiscriminator(const OutputDiscriminatorOptions& options = {});
  /// x (N,H,W,classes), H and W at least 32 -> logits (N,H/32,W/32,1); the target domain is 1.
  Tensor forward(Context& c, const Tensor& x);

 private:
  Conv2d conv1_, conv2_, conv3_, conv4_, classifier_;
};

/// One decision per pixel of a feature map, by 1x1 convolutions: Hoffman et al. 2018, arXiv:1711.03213. One logit with
/// binary cross entropy, where the published code has two with softmax: the same decision, and the same losses as
/// above. Names: "conv1", "conv2", "classifier".
struct FeatureDiscriminatorOptions {
  int64_t channels = 256;  ///< of the features
  int64_t filters = 512;   ///< of the first layer; half of it in the second
  float dropout = 0.5f;    ///< of whole channels, in training; 0: none
};

class FeatureDiscriminator : public Network {
 public:
  explicit FeatureDiscriminator(const FeatureDiscriminatorOptions& options = {});
  /// x (N,H,W,channels) -> logits (N,H,W,1); the target domain is 1.
  Tensor forward(Context& c, const Tensor& x);

 private:
  FeatureDiscriminatorOptions options_;
  Conv2d conv1_, conv2_, classifier_;
};

}  // namespace segue
