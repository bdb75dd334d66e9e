#include "cycle.h"

namespace segue {

View cycle_weights(StepState& state, const CycleWeights& weights) {
  const float values[] = {
      1, 1, weights.cycle_a, weights.cycle_b, weights.identity * weights.cycle_a, weights.identity * weights.cycle_b};
  const bool identity = weights.identity != 0;
  const int64_t count = identity ? 6 : 4;
  const View slot = state.declare<float>(identity ? "cycle_weights" : "cycle_weights_no_identity", count);
  for (int64_t i = 0; i < count; ++i) state.set(slot, values[i], i);
  return slot;
}

CycleLoss cycle_generator_loss(Context& c, const CycleBatch& batch, const View& weights, GanLoss kind) {
  require(weights.count() == (batch.same_a ? 6 : 4) && bool(batch.same_a) == bool(batch.same_b), "cycle",
          "expects 6 weights with both identity images, 4 with none; got ", weights.count(), " weights and ",
          int(bool(batch.same_a)) + int(bool(batch.same_b)), " images");
  CycleLoss loss;
  loss.gan_b = score_loss(c, batch.scores_b, kReal, kind);
  loss.gan_a = score_loss(c, batch.scores_a, kReal, kind);
  loss.cycle_a = l1(c, batch.cycled_a, batch.real_a);
  loss.cycle_b = l1(c, batch.cycled_b, batch.real_b);
  std::vector<Tensor> terms{loss.gan_b, loss.gan_a, loss.cycle_a, loss.cycle_b};
  if (batch.same_a) {
    loss.identity_a = l1(c, batch.same_a, batch.real_a);
    loss.identity_b = l1(c, batch.same_b, batch.real_b);
    terms.insert(terms.end(), {loss.identity_a, loss.identity_b});
  }
  loss.total = weighted_sum(c, terms, weights);
  return loss;
}

}  // namespace segue
