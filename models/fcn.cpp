#include "fcn.h"

namespace segue {

constexpr float kMomentum = 0.1f;

Fcn::Head::Head(Module& parent, const std::string& name, int64_t in, int64_t classes)
    : Module(parent, name),
      mix(*this, "", in, in / 4, 3, {.pad = 1}, kMomentum, ConvInit::torch),
      classify(*this, "4", in / 4, classes, 1, {}, Bias::used, ConvInit::torch) {}

Fcn::Fcn(const FcnOptions& options)
    : options_(options),
      backbone_(*this, "backbone",
                {.output_stride = 8, .width = options.width, .momentum = kMomentum, .recompute = options.recompute}),
      head_(*this, "classifier", backbone_.channels(4), options.classes) {
  if (options.aux) aux_ = std::make_unique<Head>(*this, "aux_classifier", backbone_.channels(3), options.classes);
}

Tensor Fcn::decide(Context& c, Head& head, const Tensor& x, Tensor* features) {
  Tensor y = head.mix(c, x);
  if (features) *features = y;
  if (head.training() && options_.dropout > 0) y = dropout(c, y, options_.dropout, DropoutMode::element);
  return head.classify(c, y);
}

Segmentation Fcn::forward_low(Context& c, const Tensor& x) {
  require(x.shape().dims() == 4 && x.shape()[1] >= 32 && x.shape()[2] >= 32, "fcn",
          "expects images (N,H,W,3) of at least 32x32; got ", x.shape());
  const ResNet50::Stages s = backbone_(c, x);
  Segmentation out;
  out.logits = decide(c, head_, s.layer4, &out.features);
  if (aux_ && training()) out.aux = decide(c, *aux_, s.layer3, nullptr);
  return out;
}

}  // namespace segue
