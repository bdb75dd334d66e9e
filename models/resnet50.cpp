#include "resnet50.h"

namespace segue {
namespace {

constexpr ConvInit kInit = ConvInit::kaiming_fan_out;
constexpr int kExpansion = 4;
constexpr int kBlocks[4] = {3, 4, 6, 3};

}  // namespace

Bottleneck::Bottleneck(Module& parent, const std::string& name, int64_t in, int64_t width, int stride, int dilation,
                       bool downsample, float momentum)
    : Module(parent, name),
      conv1_(*this, "conv1", in, width, 1, {}, Bias::none, kInit),
      bn1_(*this, "bn1", width, momentum),
      conv2_(*this, "conv2", width, width, 3, {.stride = stride, .pad = dilation, .dilation = dilation}, Bias::none,
             kInit),
      bn2_(*this, "bn2", width, momentum),
      conv3_(*this, "conv3", width, width * kExpansion, 1, {}, Bias::none, kInit),
      bn3_(*this, "bn3", width * kExpansion, momentum) {
  if (!downsample) return;
  shortcut_ = std::make_unique<Conv2d>(*this, "downsample.0", in, width * kExpansion, 1,
                                       Conv2dOptions{.stride = stride}, Bias::none, kInit);
  shortcut_norm_ = std::make_unique<BatchNorm>(*this, "downsample.1", width * kExpansion, momentum);
}

Tensor Bottleneck::operator()(Context& c, const Tensor& x) {
  Tensor y = bn1_(c, conv1_(c, x), true);
  y = bn2_(c, conv2_(c, y), true);
  y = conv3_(c, y);
  const Tensor shortcut = shortcut_ ? (*shortcut_norm_)(c, (*shortcut_)(c, x), false) : x;
  return bn3_(c, y, true, shortcut);
}

ResNet50::ResNet50(Module& parent, const std::string& name, const ResNetOptions& options)
    : Module(parent, name),
      options_(options),
      conv1_(*this, "conv1", 3, scaled_width(64, options.width), 7, {.stride = 2, .pad = 3}, Bias::none, kInit),
      bn1_(*this, "bn1", scaled_width(64, options.width), options.momentum) {
  require(options.output_stride == 8 || options.output_stride == 16 || options.output_stride == 32, "resnet50",
          "expects an output stride of 8, 16 or 32; got ", options.output_stride);
  int64_t in = scaled_width(64, options.width);
  int stride_so_far = 4, dilation = 1;
  for (int stage = 0; stage < 4; ++stage) {
    const int64_t width = scaled_width(int64_t(64) << stage, options.width);
    int stride = stage == 0 ? 1 : 2;
    // The first block keeps the dilation of the stage before it: its input has that spacing.
    const int first_dilation = dilation;
    if (stride_so_far * stride > options.output_stride) {
      dilation *= stride;
      stride = 1;
    }
    stride_so_far *= stride;
    for (int b = 0; b < kBlocks[stage]; ++b) {
      stages_[size_t(stage)].emplace_back(*this, cat("layer", stage + 1, ".", b), in, width, b == 0 ? stride : 1,
                                          b == 0 ? first_dilation : dilation, b == 0, options.momentum);
      in = width * kExpansion;
    }
    channels_[size_t(stage)] = in;
  }
}

Tensor ResNet50::run(Context& c, int stage, Tensor x) {
  for (Bottleneck& block : stages_[size_t(stage)])
    x = options_.recompute
            ? checkpoint(c, {x}, [&block](Context& c, std::vector<Tensor>& in) { return block(c, in[0]); })
            : block(c, x);
  return x;
}

ResNet50::Stages ResNet50::operator()(Context& c, const Tensor& x) {
  require(x.shape().dims() == 4 && x.shape()[3] == 3, "resnet50", "expects images (N,H,W,3); got ", x.shape());
  Stages s;
  s.layer1 = run(c, 0, max_pool(c, bn1_(c, conv1_(c, x), true), {.kernel = 3, .stride = 2, .pad = 1}));
  s.layer2 = run(c, 1, s.layer1);
  s.layer3 = run(c, 2, s.layer2);
  s.layer4 = run(c, 3, s.layer3);
  return s;
}

ResNet50Classifier::ResNet50Classifier(int64_t classes, const ResNetOptions& options)
    : body_(*this, "", options), fc_(*this, "fc", body_.channels(4), classes) {}

Tensor ResNet50Classifier::forward(Context& c, const Tensor& x) { return fc_(c, mean_pool(c, body_(c, x).layer4)); }

}  // namespace segue
