#include "kernels/mean_pool.h"

#include "runtime/ops.h"

namespace segue {

static const Op kMeanPool{"mean_pool", [](Context& c, Node& n) {
                            const auto t = c.grad_target(n, 0, n.as<Shape>());
                            c.run(SEGUE_KERNEL(mean_pool_grad), n.dy(), out(t.grad), t.accumulate);
                            c.give(n, 0, t.grad);
                          }};

Tensor mean_pool(Context& c, const Tensor& x) {
  require(x.shape().dims() == 4, "mean_pool", "expects images (N,H,W,C); got ", x.shape());
  Tensor y = c.image({x.shape()[0], 1, 1, x.shape()[3]}, "mean_pool");
  c.run(SEGUE_KERNEL(mean_pool), x, out(y));
  c.record(kMeanPool, {x}, y, {}, x.shape());
  return y;
}

}  // namespace segue
