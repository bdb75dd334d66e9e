#include "kernels/flip.h"

#include "runtime/ops.h"

namespace segue {

static const Op kFlip{"flip", [](Context& c, Node& n) {
                        const Tensor dy = n.take_dy(), dx = c.like(dy, "flip");
                        c.run(SEGUE_KERNEL(flip), dy, out(dx));
                        c.give(n, 0, dx);
                      }};

Tensor flip(Context& c, const Tensor& x) {
  Tensor y = c.like(x, "flip");
  c.run(SEGUE_KERNEL(flip), x, out(y));
  c.record(kFlip, {x}, y, {});
  return y;
}

}  // namespace segue
