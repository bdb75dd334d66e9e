#include "kernels/pad_constant.h"

#include "kernels/crop.h"
#include "runtime/ops.h"

namespace segue {
namespace {

struct PadConstant {
  Shape shape;  // of x
  Padding pad;
};

const Op kPadConstant{"pad_constant", [](Context& c, Node& n) {
                        const auto& a = n.as<PadConstant>();
                        const Tensor dy = n.take_dy(), dx = c.new_grad(n, 0, a.shape);
                        const Window inside{
                            .top = a.pad.top, .left = a.pad.left, .height = a.shape[1], .width = a.shape[2]};
                        c.run(SEGUE_KERNEL(crop), dy, out(dx), inside);
                        c.give(n, 0, dx);
                      }};

}  // namespace

Tensor pad_constant(Context& c, const Tensor& x, const Padding& pad, float value) {
  const Shape& s = x.shape();
  require(s.dims() == 4, "pad_constant", "expects x (N,H,W,C); got ", s);
  Tensor y = c.image({s[0], pad.top + s[1] + pad.bottom, pad.left + s[2] + pad.right, s[3]}, "pad_constant");
  c.run(SEGUE_KERNEL(pad_constant), x, out(y), pad, value);
  c.record(kPadConstant, {x}, y, {}, PadConstant{s, pad});
  return y;
}

}  // namespace segue
