#include "adversarial.h"

#include "entropy.h"

namespace segue {

Tensor score_loss(Context& c, const Tensor& scores, float want, GanLoss kind) {
  return kind == GanLoss::lsgan ? lsgan(c, scores, want) : bce_logits(c, scores, want);
}

Tensor discriminator_loss(Context& c, const Tensor& zeros, const Tensor& ones, GanLoss kind) {
  return scale(c, add(c, score_loss(c, zeros, 0, kind), score_loss(c, ones, 1, kind)), 0.5f);
}

Tensor domain_input(Context& c, const Tensor& logits, int64_t height, int64_t width, DomainInput kind) {
  require(logits.shape().dims() == 4, "domain_input", "expects logits (N,h,w,C); got ", logits.shape());
  const bool same = logits.shape()[1] == height && logits.shape()[2] == width;
  const Tensor full = same ? logits : resize_bilinear(c, logits, height, width);
  if (kind == DomainInput::probabilities) return softmax(c, full);
  return scale(c, softmax_information(c, full), inv_max_entropy(full));
}

}  // namespace segue
