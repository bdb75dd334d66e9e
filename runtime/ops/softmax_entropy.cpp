#include "kernels/softmax_entropy.h"

#include "runtime/ops.h"
#include "runtime/ops/mean_gradient.h"

namespace segue {
namespace {

Shape pixels_of(const Shape& logits) {
  Shape map;
  for (int i = 0; i + 1 < logits.dims(); ++i) map.push(logits[i]);
  return map;
}

}  // namespace

static const Op kSoftmaxEntropy{"softmax_entropy", [](Context& c, Node& n) {
                                  const Tensor logits = n.saved(0), dx = c.like(logits, "softmax_entropy_grad");
                                  c.run(SEGUE_KERNEL(softmax_entropy_grad), logits, n.dy(), out(dx));
                                  c.give(n, 0, dx);
                                }};

Tensor softmax_entropy(Context& c, const Tensor& logits) {
  Tensor y = c.empty(pixels_of(logits.shape()), DType::f32, "softmax_entropy");
  c.run(SEGUE_KERNEL(softmax_entropy), logits, out(y));
  c.record(kSoftmaxEntropy, {logits}, y, {logits});
  return y;
}

static const Op kSoftmaxInformation{"softmax_information", [](Context& c, Node& n) {
                                      const Tensor logits = n.saved(0), dx = n.take_dy();
                                      c.run(SEGUE_KERNEL(softmax_information_grad), logits, dx, out(dx));
                                      c.give(n, 0, dx);
                                    }};

Tensor softmax_information(Context& c, const Tensor& logits) {
  Tensor y = c.like(logits, "softmax_information");
  c.run(SEGUE_KERNEL(softmax_information), logits, out(y));
  c.record(kSoftmaxInformation, {logits}, y, {logits});
  return y;
}

static const Op kSoftmaxEntropyMean{"softmax_entropy_mean", mean_backward};

Tensor softmax_entropy_mean(Context& c, const Tensor& logits) {
  Tensor y = c.empty(Shape{}, DType::f32, "softmax_entropy_mean");
  const Tensor dx = c.records(logits) ? c.like(logits, "softmax_entropy_mean") : Tensor();
  c.run(SEGUE_KERNEL(softmax_entropy_mean), logits, out(y), out(dx));
  if (dx) c.record(kSoftmaxEntropyMean, {logits}, y, {dx}, MeanOver(logits.shape().pixels()));
  return y;
}

}  // namespace segue
