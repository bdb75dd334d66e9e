#include "layers.h"

#include <algorithm>
#include <cmath>

namespace segue {
namespace {

Init weight_init(ConvInit init, int64_t fan_in, int64_t fan_out) {
  switch (init) {
    case ConvInit::kaiming_fan_in: return Init::kaiming_normal(fan_in);
    case ConvInit::kaiming_fan_out: return Init::kaiming_normal(fan_out);
    case ConvInit::gan: return Init::normal(0.02f);
    default: return Init::torch_default(fan_in);
  }
}

Init bias_init(ConvInit init, int64_t fan_in) {
  return init == ConvInit::gan ? Init::constant(0) : Init::torch_default(fan_in);
}

Tensor bias_tensor(const Parameter* p, Bias kind) { return p && kind == Bias::used ? p->tensor() : Tensor(); }

}  // namespace

int64_t scaled_width(int64_t channels, double multiplier) {
  require(multiplier > 0, "models", "expects a width multiplier > 0; got ", multiplier);
  return std::max<int64_t>(8, int64_t(std::lround(double(channels) * multiplier / 8)) * 8);
}

Conv2d::Conv2d(Module& parent, const std::string& name, int64_t in, int64_t out, int kernel,
               const Conv2dOptions& options, Bias bias, ConvInit init)
    : Module(parent, name), options_(options), bias_kind_(bias) {
  const int64_t taps = int64_t(kernel) * kernel;
  weight_ = &declare_parameter("weight", {out, kernel, kernel, in}, weight_init(init, taps * in, taps * out));
  if (bias != Bias::none) bias_ = &declare_parameter("bias", {out}, bias_init(init, taps * in));
}

Tensor Conv2d::operator()(Context& c, const Tensor& x, int64_t phases) const {
  Conv2dOptions options = options_;
  options.pad /= int(phases);
  options.dilation /= int(phases);
  return conv2d(c, x, weight_->tensor(), bias_tensor(bias_, bias_kind_), options);
}

ConvTranspose2d::ConvTranspose2d(Module& parent, const std::string& name, int64_t in, int64_t out, int kernel,
                                 const ConvTranspose2dOptions& options, Bias bias, ConvInit init)
    : Module(parent, name), options_(options), bias_kind_(bias) {
  // PyTorch counts the fan of a transposed convolution on its second index, the outputs.
  const int64_t taps = int64_t(kernel) * kernel;
  weight_ = &declare_parameter("weight", {in, kernel, kernel, out}, weight_init(init, taps * out, taps * in));
  if (bias != Bias::none) bias_ = &declare_parameter("bias", {out}, bias_init(init, taps * out));
}

Tensor ConvTranspose2d::operator()(Context& c, const Tensor& x) const {
  return conv_transpose2d(c, x, weight_->tensor(), bias_tensor(bias_, bias_kind_), options_);
}

BatchNorm::BatchNorm(Module& parent, const std::string& name, int64_t channels, float momentum)
    : Module(parent, name),
      momentum_(momentum),
      weight_(&declare_parameter("weight", {channels}, Init::constant(1))),
      bias_(&declare_parameter("bias", {channels}, Init::constant(0))),
      running_mean_(&declare_buffer("running_mean", {channels}, 0)),
      running_var_(&declare_buffer("running_var", {channels}, 1)),
      batches_(&declare_counter("num_batches_tracked")) {}

Tensor BatchNorm::operator()(Context& c, const Tensor& x, bool relu, const Tensor& residual, const Tensor& into,
                             int64_t phases) {
  const bool learns = norm_momentum() == 0;  // what passes through for its statistics alone is no batch of training
  if (training() && learns && !c.replaying()) c.on_host([count = batches_] { ++*count; });
  return batch_norm(c, x, {weight_->tensor(), bias_->tensor(), running_mean_->value(), running_var_->value()}, residual,
                    training(), {.momentum = learns ? momentum_ : norm_momentum(), .relu = relu, .phases = int(phases)},
                    into);
}

ConvNormRelu::ConvNormRelu(Module& parent, const std::string& name, int64_t in, int64_t out, int kernel,
                           const Conv2dOptions& options, float momentum, ConvInit init)
    : ConvNormRelu(parent, name, in, out, kernel, options, momentum, init, Names{}) {}

ConvNormRelu::ConvNormRelu(Module& parent, const std::string& name, int64_t in, int64_t out, int kernel,
                           const Conv2dOptions& options, float momentum, ConvInit init, const Names& names)
    : Module(parent, name),
      conv_(*this, names.conv, in, out, kernel, options, Bias::none, init),
      norm_(*this, names.norm, out, momentum) {}

Tensor ConvNormRelu::operator()(Context& c, const Tensor& x, const Tensor& into, int64_t phases) {
  return norm_(c, conv_(c, x, phases), true, {}, into, phases);
}

Linear::Linear(Module& parent, const std::string& name, int64_t in, int64_t out)
    : Module(parent, name),
      weight_(&declare_parameter("weight", {out, 1, 1, in}, Init::torch_default(in), {out, in})),
      bias_(&declare_parameter("bias", {out}, Init::torch_default(in))) {}

Tensor Linear::operator()(Context& c, const Tensor& x) const {
  return conv2d(c, x, weight_->tensor(), bias_->tensor(), {});
}

}  // namespace segue
