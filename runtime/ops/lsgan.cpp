#include "kernels/lsgan.h"

#include "kernels/scale.h"
#include "runtime/ops.h"

namespace segue {

// The gradient for d(loss) = 1 is made with the loss, in the same pass; going back only multiplies.
static const Op kLsgan{"lsgan", [](Context& c, Node& n) {
                         const Tensor dx = n.saved(0);
                         c.run(SEGUE_KERNEL(scale_by), dx, n.dy(), out(dx));
                         c.give(n, 0, dx);
                       }};

Tensor lsgan(Context& c, const Tensor& x, float target) {
  Tensor loss = c.empty({}, DType::f32, "lsgan");
  const Tensor dx = c.records(x) ? c.like(x, "lsgan") : Tensor();
  c.run(SEGUE_KERNEL(lsgan), x, target, out(loss), out(dx));
  if (dx) c.record(kLsgan, {x}, loss, {dx});
  return loss;
}

}  // namespace segue
