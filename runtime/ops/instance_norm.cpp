#include "kernels/instance_norm.h"

#include <algorithm>

#include "kernels/reflect.h"
#include "runtime/ops.h"

namespace segue {

namespace {

// The gradient of one of the two inputs goes into the memory of dy, where its border is that of dy.
const Op kInstanceNorm{
    "instance_norm", [](Context& c, Node& n) {
      const auto& options = n.as<InstanceNormOptions>();
      const Tensor dy = n.take_dy(), &x = n.saved(0), &y = n.saved(1), &mean = n.saved(2), &rstd = n.saved(3);
      Tensor dx, dresidual;
      if (n.wants(1))
        dresidual = options.residual_pad == options.pad
                        ? dy
                        : c.new_grad(n, 1, kernels::padded_shape(x.shape(), options.residual_pad));
      if (n.wants(0))
        dx = options.pad == 0 && !(dresidual && dresidual.same_memory(dy)) ? dy : c.new_grad(n, 0, x.shape());
      c.run(SEGUE_KERNEL(instance_norm_grad), dy, x, y, mean, rstd, out(dx), out(dresidual), options);
      if (dx) c.give(n, 0, dx);
      if (dresidual) c.give(n, 1, dresidual);
    }};

}  // namespace

Tensor instance_norm(Context& c, const Tensor& x, const Tensor& residual, const InstanceNormOptions& options) {
  const Shape& s = x.shape();
  require(s.dims() == 4, "instance_norm", "expects images (N,H,W,C); got ", s);
  for (int64_t pad : {options.pad, options.residual_pad})
    require(pad >= 0 && pad < std::max<int64_t>(1, std::min(s[1], s[2])), "instance_norm",
            "expects x (N,H,W,C) and 0 <= pad, residual_pad < H, W; got ", s, " and ", pad);
  Tensor y =
      options.pad == 0 ? c.like(x, "instance_norm") : c.image(kernels::padded_shape(s, options.pad), "instance_norm");
  const Tensor mean = c.empty({2, s[0], s[3]}, DType::f32, "instance_norm");
  const Tensor rstd = c.empty({s[0], s[3]}, DType::f32, "instance_norm");
  c.run(SEGUE_KERNEL(instance_norm), x, residual, out(y), out(mean), out(rstd), options);
  // Without a residual the gradient finds the signs in x, which saves reading y.
  const Tensor kept_y = options.slope != 1.f && residual ? y : Tensor();
  c.record(kInstanceNorm, {x, residual}, y, {x, kept_y, mean, rstd}, options);
  return y;
}

}  // namespace segue
