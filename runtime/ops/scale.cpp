#include "kernels/scale.h"

#include "runtime/ops.h"

namespace segue {

static const Op kScale{"scale", [](Context& c, Node& n) {
                         const Tensor dx = n.take_dy();
                         c.run(SEGUE_KERNEL(scale), dx, n.as<float>(), out(dx));
                         c.give(n, 0, dx);
                       }};

Tensor scale(Context& c, const Tensor& x, float factor) {
  Tensor y = c.like(x, "scale");
  c.run(SEGUE_KERNEL(scale), x, factor, out(y));
  c.record(kScale, {x}, y, {}, factor);
  return y;
}

}  // namespace segue
