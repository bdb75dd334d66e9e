#include "kernels/sigmoid.h"

#include "runtime/ops.h"

namespace segue {

static const Op kSigmoid{"sigmoid", [](Context& c, Node& n) {
                           const Tensor y = n.saved(0), dx = n.take_dy();
                           c.run(SEGUE_KERNEL(sigmoid_grad), dx, y, out(dx));
                           c.give(n, 0, dx);
                         }};

Tensor sigmoid(Context& c, const Tensor& x) {
  Tensor y = c.like(x, "sigmoid");
  c.run(SEGUE_KERNEL(sigmoid), x, out(y));
  c.record(kSigmoid, {x}, y, {y});
  return y;
}

}  // namespace segue
