// FCN on a dilated ResNet-50 (output stride 8) with an auxiliary head: Long et al. 2015, arXiv:1411.4038; names and
// heads of torchvision's fcn_resnet50.
#pragma once

#include "resnet50.h"
#include "segmenter.h"

namespace segue {

struct FcnOptions {
  int64_t classes = 19;
  bool aux = true;         ///< the head on stage 3, for training
  double width = 1;        ///< multiplies all channel counts but the classes
  float dropout = 0.1f;    ///< in both heads, in training; 0: none
  bool recompute = false;  ///< see ResNetOptions
};

class Fcn : public Segmenter {
 public:
  explicit Fcn(const FcnOptions& options = {});
  /// Logits and auxiliary logits (in training) at an eighth of the input's size; features: what the last layer reads.
  Segmentation forward_low(Context& c, const Tensor& x) override;
  int64_t classes() const override { return options_.classes; }

 private:
  struct Head : Module {
    Head(Module& parent, const std::string& name, int64_t in, int64_t classes);
    ConvNormRelu mix;
    Conv2d classify;
  };
  Tensor decide(Context& c, Head& head, const Tensor& x, Tensor* features);

  FcnOptions options_;
  ResNet50 backbone_;
  Head head_;
  std::unique_ptr<Head> aux_;
};

}  // namespace segue
