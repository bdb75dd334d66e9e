#include "kernels/add.h"

#include "kernels/fill.h"
#include "runtime/ops.h"

namespace segue {

static const Op kAdd{"add", [](Context& c, Node& n) {
                       const Tensor dy = n.take_dy();
                       if (n.wants(0) && n.wants(1)) {  // dy belongs to one receiver: the other adds or copies it
                         const auto t = c.grad_target(n, 1, dy.shape());
                         if (!t.accumulate) c.run(SEGUE_KERNEL(copy), dy, out(t.grad));
                         c.give(n, 1, t.accumulate ? dy : t.grad);
                       } else if (n.wants(1)) {
                         c.give(n, 1, dy);
                       }
                       if (n.wants(0)) c.give(n, 0, dy);
                     }};

Tensor add(Context& c, const Tensor& a, const Tensor& b) {
  Tensor y = c.like(a, "add");
  c.run(SEGUE_KERNEL(add), a, b, out(y));
  c.record(kAdd, {a, b}, y, {});
  return y;
}

}  // namespace segue
