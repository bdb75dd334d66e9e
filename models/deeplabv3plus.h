// DeepLabv3+ on ResNet-50: Chen et al. 2018, arXiv:1802.02611, with the names and the head of VainF's PyTorch version.
#pragma once

#include "resnet50.h"
#include "segmenter.h"

namespace segue {

struct DeepLabOptions {
  int64_t classes = 19;
  int output_stride = 16;  ///< 16: rates 6, 12, 18; 8: 12, 24, 36
  double width = 1;        ///< multiplies all channel counts but the classes
  float dropout = 0.1f;    ///< on the projected pyramid, in training; 0: none
  bool recompute = false;  ///< see ResNetOptions
};

class DeepLabV3Plus : public Segmenter {
 public:
  explicit DeepLabV3Plus(const DeepLabOptions& options = {});
  /// Logits at a quarter of the input's size (rounded up); features: the projected pyramid (N,H/16,W/16,256).
  Segmentation forward_low(Context& c, const Tensor& x) override;
  int64_t classes() const override { return options_.classes; }

 private:
  /// Atrous spatial pyramid pooling.
  struct Aspp : Module {
    Aspp(Module& parent, const std::string& name, int64_t in, int64_t out, int rate);
    Tensor operator()(Context& c, const Tensor& x);
    int64_t channels;  // of each part
    ConvNormRelu point, rate1, rate2, rate3, pool, project;
  };
  struct Head : Module {
    Head(Module& parent, const ResNet50& backbone, const DeepLabOptions& options);
    std::vector<int64_t> parts;  // channels of what is joined: of the low level, of the pyramid
    ConvNormRelu project;
    Aspp aspp;
    ConvNormRelu mix;
    Conv2d classify;
  };

  DeepLabOptions options_;
  ResNet50 backbone_;
  Head head_;
};

}  // namespace segue
