#include "entropy.h"

#include <cmath>

namespace segue {

float inv_max_entropy(const Tensor& logits) {
  const int64_t classes = logits.shape().channels();
  require(classes >= 2, "entropy", "expects at least 2 classes; got logits ", logits.shape());
  return float(1 / std::log(double(classes)));
}

Tensor entropy_loss(Context& c, const Tensor& logits) {
  const float factor = inv_max_entropy(logits);
  return scale(c, softmax_entropy_mean(c, logits), factor);
}

}  // namespace segue
