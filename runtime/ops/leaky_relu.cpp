#include "kernels/leaky_relu.h"

#include "runtime/ops.h"

namespace segue {

static const Op kLeakyRelu{"leaky_relu", [](Context& c, Node& n) {
                             const Tensor y = n.saved(0), dx = n.take_dy();
                             c.run(SEGUE_KERNEL(leaky_relu_grad), dx, y, out(dx), n.as<float>());
                             c.give(n, 0, dx);
                           }};

Tensor leaky_relu(Context& c, const Tensor& x, float slope) {
  Tensor y = c.like(x, "leaky_relu");
  c.run(SEGUE_KERNEL(leaky_relu), x, out(y), slope);
  c.record(kLeakyRelu, {x}, y, {y}, slope);
  return y;
}

}  // namespace segue
