#include "kernels/softmax_xent.h"

#include "kernels/label_norm.h"
#include "runtime/ops.h"
#include "runtime/ops/mean_gradient.h"

namespace segue {

static const Op kSoftmaxXent{"softmax_xent", label_mean_backward};

Tensor softmax_xent(Context& c, const Tensor& logits, const Tensor& labels, const Tensor& weights,
                    const Tensor& class_weights, const LabelOptions& options) {
  const Tensor inv_norm = c.empty({}, DType::f32, "label_norm");
  c.run(SEGUE_KERNEL(label_norm), labels, weights, class_weights, out(inv_norm), out(c.status()),
        logits.shape().channels(), options);
  Tensor loss = c.empty({}, DType::f32, "softmax_xent");
  const Tensor dlogits = c.records(logits) ? c.like(logits, "softmax_xent") : Tensor();
  c.run(SEGUE_KERNEL(softmax_xent), logits, labels, weights, class_weights, inv_norm, out(loss), out(dlogits),
        out(c.status()), options);
  if (dlogits) c.record(kSoftmaxXent, {logits}, loss, {dlogits, inv_norm});
  return loss;
}

}  // namespace segue
