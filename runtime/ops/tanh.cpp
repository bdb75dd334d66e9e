#include "kernels/tanh.h"

#include "runtime/ops.h"

namespace segue {

static const Op kTanh{"tanh", [](Context& c, Node& n) {
                        const Tensor y = n.saved(0), dx = n.take_dy();
                        c.run(SEGUE_KERNEL(tanh_grad), dx, y, out(dx));
                        c.give(n, 0, dx);
                      }};

Tensor tanh(Context& c, const Tensor& x) {
  Tensor y = c.like(x, "tanh");
  c.run(SEGUE_KERNEL(tanh), x, out(y));
  c.record(kTanh, {x}, y, {y});
  return y;
}

}  // namespace segue
