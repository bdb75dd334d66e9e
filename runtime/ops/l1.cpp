#include "kernels/l1.h"

#include "kernels/scale.h"
#include "runtime/ops.h"

namespace segue {

// The gradient for d(loss) = 1 is made with the loss, in the same pass; going back only multiplies. The target's is its
// negative.
static const Op kL1{"l1", [](Context& c, Node& n) {
                      const Tensor dx = n.saved(0);
                      c.run(SEGUE_KERNEL(scale_by), dx, n.dy(), out(dx));
                      if (n.wants(1)) {
                        const Tensor dtarget = n.wants(0) ? c.like(dx, "l1") : dx;
                        c.run(SEGUE_KERNEL(scale), dx, -1.f, out(dtarget));
                        c.give(n, 1, dtarget);
                      }
                      if (n.wants(0)) c.give(n, 0, dx);
                    }};

Tensor l1(Context& c, const Tensor& x, const Tensor& target) {
  Tensor loss = c.empty({}, DType::f32, "l1");
  const Tensor dx = c.records(x) || c.records(target) ? c.like(x, "l1") : Tensor();
  c.run(SEGUE_KERNEL(l1), x, target, out(loss), out(dx));
  if (dx) c.record(kL1, {x, target}, loss, {dx});
  return loss;
}

}  // namespace segue
