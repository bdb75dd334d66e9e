#include "kernels/bce_logits.h"

#include "kernels/scale.h"
#include "runtime/ops.h"

namespace segue {

// The gradient for d(loss) = 1 is made with the loss, in the same pass; going back only multiplies.
static const Op kBceLogits{"bce_logits", [](Context& c, Node& n) {
                             const Tensor dx = n.saved(0);
                             c.run(SEGUE_KERNEL(scale_by), dx, n.dy(), out(dx));
                             c.give(n, 0, dx);
                           }};

Tensor bce_logits(Context& c, const Tensor& x, float target) {
  Tensor loss = c.empty({}, DType::f32, "bce_logits");
  const Tensor dx = c.records(x) ? c.like(x, "bce_logits") : Tensor();
  c.run(SEGUE_KERNEL(bce_logits), x, target, out(loss), out(dx));
  if (dx) c.record(kBceLogits, {x}, loss, {dx});
  return loss;
}

}  // namespace segue
