#include "cyclegan_generator.h"

namespace segue {
namespace {

constexpr ConvInit kInit = ConvInit::gan;

/// Instance norm with what follows: ReLU, and the border that the next convolution reads.
Tensor norm_relu(Context& c, const Tensor& x, const Tensor& residual = {}, int64_t pad = 0) {
  return instance_norm(c, x, residual, {.slope = 0, .pad = pad});
}

}  // namespace

CycleGanGenerator::Block::Block(Module& parent, const std::string& name, int64_t channels, const std::string& second)
    : Module(parent, name),
      conv1(*this, "conv_block.1", channels, channels, 3, {}, Bias::dead, kInit),
      conv2(*this, "conv_block." + second, channels, channels, 3, {}, Bias::dead, kInit) {}

CycleGanGenerator::Up::Up(Module& parent, const std::string& name, int64_t channels, Upsampling upsampling) {
  if (upsampling == Upsampling::resize)
    conv = std::make_unique<Conv2d>(parent, name, channels, channels / 2, 3, Conv2dOptions{}, Bias::dead, kInit);
  else
    transposed = std::make_unique<ConvTranspose2d>(parent, name, channels, channels / 2, 3,
                                                   ConvTranspose2dOptions{.stride = 2, .pad = 1, .output_pad = 1},
                                                   Bias::dead, kInit);
}

Tensor CycleGanGenerator::Up::operator()(Context& c, const Tensor& x) const {
  if (transposed) return (*transposed)(c, x);
  return (*conv)(c, pad_reflect(c, resize_bilinear(c, x, 2 * x.shape()[1], 2 * x.shape()[2]), 1));
}

CycleGanGenerator::CycleGanGenerator(const GeneratorOptions& options)
    : options_(options),
      first_(*this, "model.1", 3, options.filters, 7, {}, Bias::dead, kInit),
      down1_(*this, "model.4", options.filters, 2 * options.filters, 3, {.stride = 2, .pad = 1}, Bias::dead, kInit),
      down2_(*this, "model.7", 2 * options.filters, 4 * options.filters, 3, {.stride = 2, .pad = 1}, Bias::dead,
             kInit) {
  require(options.blocks > 0, "generator", "expects at least one block; got ", options.blocks);
  const std::string second = options.dropout > 0 || options.dropout_names ? "6" : "5";
  int at = 10;
  for (int b = 0; b < options.blocks; ++b)
    blocks_.emplace_back(*this, cat("model.", at++), 4 * options.filters, second);
  up1_ = std::make_unique<Up>(*this, cat("model.", at), 4 * options.filters, options.upsampling);
  up2_ = std::make_unique<Up>(*this, cat("model.", at + 3), 2 * options.filters, options.upsampling);
  last_ =
      std::make_unique<Conv2d>(*this, cat("model.", at + 7), options.filters, 3, 7, Conv2dOptions{}, Bias::used, kInit);
}

Tensor CycleGanGenerator::forward(Context& c, const Tensor& x) {
  require(x.shape().dims() == 4 && x.shape()[3] == 3 && x.shape()[1] >= 4 && x.shape()[2] >= 4, "generator",
          "expects images (N,H,W,3) of at least 4x4; got ", x.shape());
  require(!options_.skips || (x.shape()[1] % 4 == 0 && x.shape()[2] % 4 == 0), "generator",
          "with options.skips expects sides that are multiples of 4; got ", x.shape());
  const Tensor whole = norm_relu(c, first_(c, pad_reflect(c, x, 3)));
  const Tensor half = norm_relu(c, down1_(c, whole));
  const bool drops = training() && options_.dropout > 0;
  Tensor y = norm_relu(c, down2_(c, half), {}, 1);  // with its border from block to block
  for (Block& block : blocks_) {
    Tensor z = norm_relu(c, block.conv1(c, y), {}, drops ? 0 : 1);
    if (drops) z = pad_reflect(c, dropout(c, z, options_.dropout, DropoutMode::element), 1);
    y = instance_norm(c, block.conv2(c, z), y, {.pad = &block == &blocks_.back() ? 0 : 1, .residual_pad = 1});
  }
  y = norm_relu(c, (*up1_)(c, y), options_.skips ? half : Tensor());
  y = norm_relu(c, (*up2_)(c, y), options_.skips ? whole : Tensor(), 3);
  return tanh(c, (*last_)(c, y));
}

}  // namespace segue
