// The 70x70 PatchGAN discriminator: Isola et al. 2017, arXiv:1611.07004, with instance norm and CycleGAN's names.
#pragma once

#include "layers.h"

namespace segue {

struct PatchGanOptions {
  int64_t filters = 64;  ///< of the first layer
};

class PatchGan : public Network {
 public:
  explicit PatchGan(const PatchGanOptions& options = {});
  /// x (N,H,W,3), H and W at least 32 -> one score for every 70x70 patch, (N,H/8-2,W/8-2,1); no sigmoid.
  Tensor forward(Context& c, const Tensor& x);

 private:
  Conv2d conv0_, conv2_, conv5_, conv8_, conv11_;
};

}  // namespace segue
