// How mean losses go back. Their kernels write the gradient of the sum, in the pass that makes the loss; here it
// becomes that of the mean. The divisor meets d(loss), which brings fp16's loss scale, before it meets the gradient:
// 1/n alone would press values below the smallest of f16.
#pragma once

#include "kernels/scale.h"
#include "runtime/context.h"

namespace segue {

/// What a mean over `count` terms is recorded with; its saved tensor 0 is the gradient of their sum.
struct MeanOver {
  float inverse;
  explicit MeanOver(int64_t count) : inverse(float(1 / double(count))) {}
};

/// The gradient of such a mean, in the place of that of the sum.
inline Tensor mean_gradient(Context& c, Node& n) {
  const Tensor dx = n.saved(0), dsum = n.take_dy();
  c.run(SEGUE_KERNEL(scale), dsum, n.as<MeanOver>().inverse, out(dsum));
  c.run(SEGUE_KERNEL(scale_by), dx, dsum, out(dx));
  return dx;
}

/// The whole backward pass of a mean of one input.
inline void mean_backward(Context& c, Node& n) { c.give(n, 0, mean_gradient(c, n)); }

/// The same where only the device knows the divisor: the inverse, f32 (), is saved tensor 1.
inline void label_mean_backward(Context& c, Node& n) {
  const Tensor dx = n.saved(0), dsum = n.take_dy();
  c.run(SEGUE_KERNEL(scale_by), dsum, n.saved(1), out(dsum));
  c.run(SEGUE_KERNEL(scale_by), dx, dsum, out(dx));
  c.give(n, 0, dx);
}

}  // namespace segue
