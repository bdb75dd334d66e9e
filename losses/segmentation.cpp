#include "segmentation.h"

namespace segue {

Tensor segmentation_loss(Context& c, const Tensor& logits, const SegmentationTarget& target) {
  return upsample_xent(c, logits, target.labels, target.weights, target.class_weights, target.options);
}

Tensor segmentation_loss(Context& c, const Tensor& logits, const Tensor& aux_logits, const SegmentationTarget& target,
                         float aux_weight) {
  const Tensor main = segmentation_loss(c, logits, target);
  if (!aux_logits) return main;
  return add(c, main, scale(c, segmentation_loss(c, aux_logits, target), aux_weight));
}

SegmentationTarget mixed_target(const Tensor& labels, const Tensor& weights) {
  return {.labels = labels, .weights = weights, .options = {.normalizer = Normalizer::all}};
}

}  // namespace segue
