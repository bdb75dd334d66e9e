#include "deeplabv3plus.h"

#include <map>

namespace segue {
namespace {

constexpr ConvInit kInit = ConvInit::kaiming_fan_in;
// The reference sets a momentum of 0.01 in the backbone alone; its head keeps PyTorch's default.
constexpr float kBackboneMomentum = 0.01f, kHeadMomentum = 0.1f;

Conv2dOptions atrous(int rate) { return {.pad = rate, .dilation = rate}; }

}  // namespace

DeepLabV3Plus::Aspp::Aspp(Module& parent, const std::string& name, int64_t in, int64_t out, int rate)
    : Module(parent, name),
      channels(out),
      point(*this, "convs.0", in, out, 1, {}, kHeadMomentum, kInit),
      rate1(*this, "convs.1", in, out, 3, atrous(rate), kHeadMomentum, kInit),
      rate2(*this, "convs.2", in, out, 3, atrous(2 * rate), kHeadMomentum, kInit),
      rate3(*this, "convs.3", in, out, 3, atrous(3 * rate), kHeadMomentum, kInit),
      pool(*this, "convs.4", in, out, 1, {}, kHeadMomentum, kInit, {"1", "2"}),
      project(*this, "project", 5 * out, out, 1, {}, kHeadMomentum, kInit) {}

Tensor DeepLabV3Plus::Aspp::operator()(Context& c, const Tensor& x) {
  const int64_t height = x.shape()[1], width = x.shape()[2];
  const Concatenation z(c, {x.shape()[0], height, width}, std::vector<int64_t>(5, channels));
  const Tensor pooled = resize_bilinear(c, pool(c, mean_pool(c, x)), height, width, false, z.part(4));
  // Wide rates stay in phases from their convolution into their norm, which puts them together again.
  std::map<int64_t, Tensor> phases;  // of x, by their factor
  const auto atrous_branch = [&](ConvNormRelu& branch, const Tensor& into) {
    const int64_t factor = c.phase_factor(x, branch.options());
    if (factor == 1) return branch(c, x, into);
    Tensor& x_phases = phases[factor];
    if (!x_phases) x_phases = to_phases(c, x, factor);
    return branch(c, x_phases, into, factor);
  };
  return project(c, concat(c, {point(c, x, z.part(0)), atrous_branch(rate1, z.part(1)), atrous_branch(rate2, z.part(2)),
                               atrous_branch(rate3, z.part(3)), pooled}));
}

DeepLabV3Plus::Head::Head(Module& parent, const ResNet50& backbone, const DeepLabOptions& o)
    : Module(parent, "classifier"),
      parts{scaled_width(48, o.width), scaled_width(256, o.width)},
      project(*this, "project", backbone.channels(1), parts[0], 1, {}, kHeadMomentum, kInit),
      aspp(*this, "aspp", backbone.channels(4), parts[1], o.output_stride == 8 ? 12 : 6),
      mix(*this, "classifier", parts[0] + parts[1], scaled_width(256, o.width), 3, {.pad = 1}, kHeadMomentum, kInit),
      classify(*this, "classifier.3", scaled_width(256, o.width), o.classes, 1, {}, Bias::used, kInit) {}

DeepLabV3Plus::DeepLabV3Plus(const DeepLabOptions& options)
    : options_(options),
      backbone_(*this, "backbone",
                {.output_stride = options.output_stride,
                 .width = options.width,
                 .momentum = kBackboneMomentum,
                 .recompute = options.recompute}),
      head_(*this, backbone_, options) {
  require(options.output_stride == 8 || options.output_stride == 16, "deeplabv3plus",
          "expects an output stride of 8 or 16; got ", options.output_stride);
}

Segmentation DeepLabV3Plus::forward_low(Context& c, const Tensor& x) {
  require(x.shape().dims() == 4 && x.shape()[1] >= 32 && x.shape()[2] >= 32, "deeplabv3plus",
          "expects images (N,H,W,3) of at least 32x32; got ", x.shape());
  Tensor low, features;
  {
    ResNet50::Stages s = backbone_(c, x);
    low = s.layer1;
    features = head_.aspp(c, s.layer4);
  }
  Segmentation out;
  out.features = features;
  if (head_.training() && options_.dropout > 0) features = dropout(c, features, options_.dropout, DropoutMode::element);
  const Concatenation z(c, {low.shape()[0], low.shape()[1], low.shape()[2]}, head_.parts);
  const Tensor up = resize_bilinear(c, features, low.shape()[1], low.shape()[2], false, z.part(1));
  out.logits = head_.classify(c, head_.mix(c, concat(c, {head_.project(c, low, z.part(0)), up})));
  return out;
}

}  // namespace segue
