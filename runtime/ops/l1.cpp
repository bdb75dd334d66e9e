#include "kernels/l1.h"

#include "kernels/scale.h"
#include "runtime/ops.h"
#include "runtime/ops/mean_gradient.h"

namespace segue {

// The target's gradient is the negative of that of x.
static const Op kL1{"l1", [](Context& c, Node& n) {
                      const Tensor dx = mean_gradient(c, n);
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
  if (dx) c.record(kL1, {x, target}, loss, {dx}, MeanOver(x.count()));
  return loss;
}

}  // namespace segue
