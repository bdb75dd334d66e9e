#include "kernels/softmax.h"

#include "runtime/ops.h"

namespace segue {

static const Op kSoftmax{"softmax", [](Context& c, Node& n) {
                           const Tensor y = n.saved(0), dx = n.take_dy();
                           c.run(SEGUE_KERNEL(softmax_grad), dx, y, out(dx));
                           c.give(n, 0, dx);
                         }};

Tensor softmax(Context& c, const Tensor& logits) {
  Tensor y = c.like(logits, "softmax");
  c.run(SEGUE_KERNEL(softmax), logits, out(y));
  c.record(kSoftmax, {logits}, y, {y});
  return y;
}

}  // namespace segue
