#include "kernels/kl_div.h"

#include "runtime/ops.h"
#include "runtime/ops/mean_gradient.h"

namespace segue {

static const Op kKlDiv{"kl_div", mean_backward};

Tensor kl_div(Context& c, const Tensor& logits, const Tensor& teacher, const Tensor& weights) {
  Tensor loss = c.empty({}, DType::f32, "kl_div");
  const Tensor dlogits = c.records(logits) ? c.like(logits, "kl_div") : Tensor();
  c.run(SEGUE_KERNEL(kl_div), logits, teacher, weights, out(loss), out(dlogits));
  if (dlogits) c.record(kKlDiv, {logits}, loss, {dlogits}, MeanOver(logits.shape().pixels()));
  return loss;
}

}  // namespace segue
