// The residual generator of CycleGAN: Zhu et al. 2017, arXiv:1703.10593; layers from Johnson et al. 2016,
// arXiv:1603.08155. Names of the reference code with instance norm.
#pragma once

#include <deque>

#include "layers.h"

namespace segue {

/// How a generator comes back to the size of its images.
enum class Upsampling {
  transposed,  ///< transposed convolutions, as in the paper
  /// Bilinear to twice the size, then a convolution: the taps of transposed ones overlap unevenly and draw a grid (Odena et al. 2016,
  /// "Deconvolution and checkerboard artifacts", distill.pub/2016/deconv-checkerboard).
  resize
};

struct GeneratorOptions {
  int blocks = 9;        ///< 6 up to 128x128, 9 from 256x256, in the paper
  int64_t filters = 64;  ///< of the first layer
  float dropout = 0;     ///< in every residual block, in training. Above 0 the second convolution is "conv_block.6"
  bool dropout_names = false;  ///< "conv_block.6" without dropout: for weights that were trained with it
  /// The features on the way up have those of the same size on the way down added to them, as those of a U-Net are
  /// joined (Ronneberger et al. 2015, arXiv:1505.04597). Not of the paper, and has its tensors: outlines need not be
  /// drawn again, which takes thousands of steps to learn.
  bool skips = false;
  Upsampling upsampling = Upsampling::transposed;
};

class CycleGanGenerator : public Network {
 public:
  explicit CycleGanGenerator(const GeneratorOptions& options = {});
  /// x (N,H,W,3) in [-1, 1], H and W at least 4 -> the same shape in (-1, 1) where H and W are multiples of 4, else the
  /// next multiple. With skips, multiples they must be.
  Tensor forward(Context& c, const Tensor& x);

 private:
  struct Block : Module {
    Block(Module& parent, const std::string& name, int64_t channels, const std::string& second);
    Conv2d conv1, conv2;
  };

  /// Twice the size and half the channels.
  struct Up {
    Up(Module& parent, const std::string& name, int64_t channels, Upsampling upsampling);
    Tensor operator()(Context& c, const Tensor& x) const;
    std::unique_ptr<ConvTranspose2d> transposed;
    std::unique_ptr<Conv2d> conv;  // behind a resize; one of the two
  };

  GeneratorOptions options_;
  Conv2d first_, down1_, down2_;
  std::deque<Block> blocks_;
  std::unique_ptr<Up> up1_, up2_;
  std::unique_ptr<Conv2d> last_;
};

}  // namespace segue
