// ResNet-50: He et al. 2016, arXiv:1512.03385, with the stride on the 3x3 convolutions ("v1.5", as torchvision).
#pragma once

#include <array>
#include <deque>
#include <string>

#include "layers.h"

namespace segue {

struct ResNetOptions {
  int output_stride = 32;  ///< 8, 16 or 32: what would be a stride becomes a dilation of the blocks that follow
  double width = 1;        ///< multiplies all channel counts
  float momentum = 0.1f;   ///< of running statistics
  bool recompute = false;  ///< keep only what lies between blocks, and run each block again in the backward pass
};

/// 1x1, 3x3, 1x1 with batch norms, and the shortcut.
class Bottleneck : public Module {
 public:
  Bottleneck(Module& parent, const std::string& name, int64_t in, int64_t width, int stride, int dilation,
             bool downsample, float momentum);
  Tensor operator()(Context& c, const Tensor& x);

 private:
  Conv2d conv1_;
  BatchNorm bn1_;
  Conv2d conv2_;
  BatchNorm bn2_;
  Conv2d conv3_;
  BatchNorm bn3_;
  std::unique_ptr<Conv2d> shortcut_;
  std::unique_ptr<BatchNorm> shortcut_norm_;
};

/// The convolutional part: four stages of 3, 4, 6 and 3 blocks.
class ResNet50 : public Module {
 public:
  ResNet50(Module& parent, const std::string& name, const ResNetOptions& options);

  /// Results of stages 1 to 4: (N,H/4,W/4,256), (N,H/8,W/8,512), (..,1024), (..,2048), times the width.
  struct Stages {
    Tensor layer1, layer2, layer3, layer4;
  };
  /// x (N,H,W,3).
  Stages operator()(Context& c, const Tensor& x);
  /// Channels of the result of stage 1 to 4.
  int64_t channels(int stage) const { return channels_[size_t(stage - 1)]; }

 private:
  Tensor run(Context& c, int stage, Tensor x);

  ResNetOptions options_;
  std::array<int64_t, 4> channels_;
  Conv2d conv1_;
  BatchNorm bn1_;
  std::array<std::deque<Bottleneck>, 4> stages_;
};

/// With the head for image classification: torchvision's resnet50.
class ResNet50Classifier : public Network {
 public:
  explicit ResNet50Classifier(int64_t classes = 1000, const ResNetOptions& options = {});
  /// x (N,H,W,3) -> logits (N,1,1,classes).
  Tensor forward(Context& c, const Tensor& x);

 private:
  ResNet50 body_;
  Linear fc_;
};

}  // namespace segue
