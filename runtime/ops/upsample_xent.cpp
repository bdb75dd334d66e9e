#include "kernels/upsample_xent.h"

#include "kernels/label_norm.h"
#include "runtime/ops.h"
#include "runtime/ops/mean_gradient.h"

namespace segue {

static const Op kUpsampleXent{"upsample_xent", label_mean_backward};

Tensor upsample_xent(Context& c, const Tensor& logits, const Tensor& labels, const Tensor& weights,
                     const Tensor& class_weights, const LabelOptions& options) {
  const Tensor inv_norm = c.empty({}, DType::f32, "label_norm");
  c.run(SEGUE_KERNEL(label_norm), labels, weights, class_weights, out(inv_norm), out(c.status()),
        logits.shape().channels(), options);
  Tensor loss = c.empty({}, DType::f32, "upsample_xent");
  const Tensor dlogits = c.records(logits) ? c.like(logits, "upsample_xent") : Tensor();
  c.run(SEGUE_KERNEL(upsample_xent), logits, labels, weights, class_weights, inv_norm, out(loss), out(dlogits),
        out(c.status()), options);
  if (dlogits) c.record(kUpsampleXent, {logits}, loss, {dlogits, inv_norm});
  return loss;
}

}  // namespace segue
