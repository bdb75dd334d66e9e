#include "kernels/bias.h"

#include "runtime/ops.h"

namespace segue {

static const Op kBias{"bias", [](Context& c, Node& n) {
                        const Tensor dy = n.take_dy();
                        if (n.wants(1)) {
                          const auto t = c.grad_target(n, 1, {dy.shape().channels()});
                          c.run(SEGUE_KERNEL(bias_grad), dy, out(t.grad), t.accumulate);
                          c.give(n, 1, t.grad);
                        }
                        if (n.wants(0)) c.give(n, 0, dy);
                      }};

Tensor bias(Context& c, const Tensor& x, const Tensor& b) {
  Tensor y = c.like(x, "bias");
  c.run(SEGUE_KERNEL(bias), x, b, out(y));
  c.record(kBias, {x, b}, y, {});
  return y;
}

}  // namespace segue
