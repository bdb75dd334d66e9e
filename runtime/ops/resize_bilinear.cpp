#include "kernels/resize_bilinear.h"

#include "into.h"
#include "runtime/ops.h"

namespace segue {
namespace {

struct Attributes {
  Shape shape;
  bool align_corners;
};

const Op kResizeBilinear{"resize_bilinear", [](Context& c, Node& n) {
                           const auto& a = n.as<Attributes>();
                           const auto t = c.grad_target(n, 0, a.shape);
                           c.run(SEGUE_KERNEL(resize_bilinear_grad), n.dy().view(), out(t.grad), a.align_corners,
                                 t.accumulate);
                           c.give(n, 0, t.grad);
                         }};

}  // namespace

Tensor resize_bilinear(Context& c, const Tensor& x, int64_t height, int64_t width, bool align_corners,
                       const Tensor& into) {
  require(x.shape().dims() == 4, "resize_bilinear", "expects images (N,H,W,C); got ", x.shape());
  const Shape shape{x.shape()[0], height, width, x.shape()[3]};
  Tensor y = result_in(into, shape, "resize_bilinear");
  if (!y) y = c.image(shape, "resize_bilinear");
  c.run(SEGUE_KERNEL(resize_bilinear), x, out(y), align_corners);
  c.record(kResizeBilinear, {x}, y, {}, Attributes{x.shape(), align_corners});
  return y;
}

}  // namespace segue
