#include "kernels/bce_logits.h"

#include "runtime/ops.h"
#include "runtime/ops/mean_gradient.h"

namespace segue {

static const Op kBceLogits{"bce_logits", mean_backward};

Tensor bce_logits(Context& c, const Tensor& x, float target) {
  Tensor loss = c.empty({}, DType::f32, "bce_logits");
  const Tensor dx = c.records(x) ? c.like(x, "bce_logits") : Tensor();
  c.run(SEGUE_KERNEL(bce_logits), x, target, out(loss), out(dx));
  if (dx) c.record(kBceLogits, {x}, loss, {dx}, MeanOver(x.count()));
  return loss;
}

}  // namespace segue
