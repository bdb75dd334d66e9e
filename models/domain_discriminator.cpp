#include "domain_discriminator.h"

namespace segue {
namespace {

constexpr ConvInit kInit = ConvInit::torch;
constexpr float kSlope = 0.2f;
const Conv2dOptions kHalf{.stride = 2, .pad = 1};

}  // namespace

OutputDiscriminator::OutputDiscriminator(const OutputDiscriminatorOptions& o)
    : conv1_(*this, "conv1", o.classes, o.filters, 4, kHalf, Bias::used, kInit),
      conv2_(*this, "conv2", o.filters, 2 * o.filters, 4, kHalf, Bias::used, kInit),
      conv3_(*this, "conv3", 2 * o.filters, 4 * o.filters, 4, kHalf, Bias::used, kInit),
      conv4_(*this, "conv4", 4 * o.filters, 8 * o.filters, 4, kHalf, Bias::used, kInit),
      classifier_(*this, "classifier", 8 * o.filters, 1, 4, kHalf, Bias::used, kInit) {}

Tensor OutputDiscriminator::forward(Context& c, const Tensor& x) {
  require(x.shape().dims() == 4 && x.shape()[1] >= 32 && x.shape()[2] >= 32, "output_discriminator",
          "expects maps (N,H,W,C) of at least 32x32; got ", x.shape());
  Tensor y = leaky_relu(c, conv1_(c, x), kSlope);
  y = leaky_relu(c, conv2_(c, y), kSlope);
  y = leaky_relu(c, conv3_(c, y), kSlope);
  y = leaky_relu(c, conv4_(c, y), kSlope);
  return classifier_(c, y);
}

FeatureDiscriminator::FeatureDiscriminator(const FeatureDiscriminatorOptions& o)
    : options_(o),
      conv1_(*this, "conv1", o.channels, o.filters, 1, {}, Bias::used, kInit),
      conv2_(*this, "conv2", o.filters, o.filters / 2, 1, {}, Bias::used, kInit),
      classifier_(*this, "classifier", o.filters / 2, 1, 1, {}, Bias::used, kInit) {}

Tensor FeatureDiscriminator::forward(Context& c, const Tensor& x) {
  const auto hidden = [&](const Conv2d& conv, const Tensor& t) {
    Tensor y = relu(c, conv(c, t));
    return training() && options_.dropout > 0 ? dropout(c, y, options_.dropout, DropoutMode::channel) : y;
  };
  return classifier_(c, hidden(conv2_, hidden(conv1_, x)));
}

}  // namespace segue
