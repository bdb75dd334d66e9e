#include "kernels/kl_div.h"

#include "kernels/scale.h"
#include "runtime/ops.h"

namespace segue {

// The gradient for d(loss) = 1 is made with the loss, in the same pass; going back only multiplies.
static const Op kKlDiv{"kl_div", [](Context& c, Node& n) {
                         const Tensor dlogits = n.saved(0);
                         c.run(SEGUE_KERNEL(scale_by), dlogits, n.dy(), out(dlogits));
                         c.give(n, 0, dlogits);
                       }};

Tensor kl_div(Context& c, const Tensor& logits, const Tensor& teacher, const Tensor& weights) {
  Tensor loss = c.empty({}, DType::f32, "kl_div");
  const Tensor dlogits = c.records(logits) ? c.like(logits, "kl_div") : Tensor();
  c.run(SEGUE_KERNEL(kl_div), logits, teacher, weights, out(loss), out(dlogits));
  if (dlogits) c.record(kKlDiv, {logits}, loss, {dlogits});
  return loss;
}

}  // namespace segue
