// Dynamic loss scaling: what f16 gradients need so that small ones are not lost, and large ones are noticed.
#pragma once

#include <vector>

#include "checkpoint_file.h"
#include "kernels/loss_scale.h"
#include "tensor.h"

namespace segue {

class Context;

/// Owned by a context of precision fp16, which starts every backward pass at scale() instead of 1. Optimisers divide by it and
/// leave a step out whose gradient is not finite; at the end of the step the scale follows. All on the device.
/// Source: Micikevicius et al. 2018, arXiv:1710.03740, section 3.2.
class LossScaler {
 public:
  explicit LossScaler(Context& c, const LossScaleOptions& options = {});

  /// f32 ().
  const View& scale() const { return scale_.view(); }
  /// An optimiser tells the square of the norm of its gradient, f32 (), of the scaled loss.
  void note(const Tensor& square_sum);
  /// Adapts the scale, if an optimiser has stepped since the last call.
  void end_step();
  /// For checkpoints: "loss_scale", "loss_scale.good_steps".
  std::vector<NamedTensor> named_tensors() const;

 private:
  Context& c_;
  LossScaleOptions options_;
  Tensor scale_, good_steps_, square_sum_;
  bool stepped_ = false;
};

}  // namespace segue
