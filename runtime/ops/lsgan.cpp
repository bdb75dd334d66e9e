#include "kernels/lsgan.h"

#include "runtime/ops.h"
#include "runtime/ops/mean_gradient.h"

namespace segue {

static const Op kLsgan{"lsgan", mean_backward};

Tensor lsgan(Context& c, const Tensor& x, float target) {
  Tensor loss = c.empty({}, DType::f32, "lsgan");
  const Tensor dx = c.records(x) ? c.like(x, "lsgan") : Tensor();
  c.run(SEGUE_KERNEL(lsgan), x, target, out(loss), out(dx));
  if (dx) c.record(kLsgan, {x}, loss, {dx}, MeanOver(x.count()));
  return loss;
}

}  // namespace segue
