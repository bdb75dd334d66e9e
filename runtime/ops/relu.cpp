#include "kernels/relu.h"

#include "runtime/ops.h"

namespace segue {

static const Op kRelu{"relu", [](Context& c, Node& n) {
                        const Tensor y = n.saved(0), dx = n.take_dy();
                        c.run(SEGUE_KERNEL(relu_grad), dx, y, out(dx));
                        c.give(n, 0, dx);
                      }};

Tensor relu(Context& c, const Tensor& x) {
  Tensor y = c.like(x, "relu");
  c.run(SEGUE_KERNEL(relu), x, out(y));
  c.record(kRelu, {x}, y, {y});
  return y;
}

}  // namespace segue
