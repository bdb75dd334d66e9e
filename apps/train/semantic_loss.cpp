#include "semantic_loss.h"

#include "losses/consistency.h"
#include "runtime/memory.h"

namespace segue {
namespace {

constexpr BatchNormOptions kExact{.eps = 1e-12f};

Tensor three(Context& c, const std::vector<float>& values) {
  const Tensor t = c.persistent({3}, DType::f32, "semantic_loss");
  from_host(t, values);
  return t;
}

}  // namespace

SemanticLoss::SemanticLoss(Context& c, const std::string& weights) : judge_(open_segmenter(c, weights)) {
  std::vector<float> mean, variance;
  for (size_t i = 0; i < 3; ++i) {
    const float deviation = 2 * judge_.info.std[i];
    mean.push_back(2 * judge_.info.mean[i] - 1);
    variance.push_back(deviation * deviation);
  }
  one_ = three(c, {1, 1, 1});
  zero_ = three(c, {0, 0, 0});
  mean_ = three(c, mean);
  variance_ = three(c, variance);
}

Tensor SemanticLoss::logits(Context& c, const Tensor& x) {
  const Tensor input = batch_norm(c, x, {one_, zero_, mean_, variance_}, Tensor(), false, kExact);
  return judge_.model->forward_low(c, input).logits;
}

Tensor SemanticLoss::operator()(Context& c, const Tensor& image, const Tensor& translated) {
  const Tensor before = [&] {
    const Context::NoGrad no_grad(c);
    return logits(c, image);
  }();
  return kl_consistency(c, logits(c, translated), before, Tensor());
}

}  // namespace segue
