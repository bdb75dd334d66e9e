#include "kernels/instance_norm.h"

#include "runtime/ops.h"

namespace segue {

// The gradient of one of the two inputs goes into the memory of dy.
static const Op kInstanceNorm{"instance_norm", [](Context& c, Node& n) {
                                const Tensor dy = n.take_dy(), &x = n.saved(0), &y = n.saved(1), &mean = n.saved(2),
                                             &rstd = n.saved(3);
                                Tensor dx, dresidual;
                                if (n.wants(1)) dresidual = dy;
                                if (n.wants(0)) dx = n.wants(1) ? c.like(dy, "instance_norm_grad") : dy;
                                c.run(SEGUE_KERNEL(instance_norm_grad), dy, x, y, mean, rstd, out(dx), out(dresidual),
                                      n.as<InstanceNormOptions>());
                                if (dx) c.give(n, 0, dx);
                                if (dresidual) c.give(n, 1, dresidual);
                              }};

Tensor instance_norm(Context& c, const Tensor& x, const Tensor& residual, const InstanceNormOptions& options) {
  require(x.shape().dims() == 4, "instance_norm", "expects images (N,H,W,C); got ", x.shape());
  const int64_t images = x.shape()[0], channels = x.shape()[3];
  Tensor y = c.like(x, "instance_norm");
  const Tensor mean = c.empty({2, images, channels}, DType::f32, "instance_norm");
  const Tensor rstd = c.empty({images, channels}, DType::f32, "instance_norm");
  c.run(SEGUE_KERNEL(instance_norm), x, residual, out(y), out(mean), out(rstd), options);
  // Without a residual the gradient finds the signs in x, which saves reading y.
  const Tensor kept_y = options.slope != 1.f && residual ? y : Tensor();
  c.record(kInstanceNorm, {x, residual}, y, {x, kept_y, mean, rstd}, options);
  return y;
}

}  // namespace segue
