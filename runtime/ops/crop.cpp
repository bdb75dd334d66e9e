#include "kernels/crop.h"

#include "kernels/pad_constant.h"
#include "runtime/ops.h"

namespace segue {
namespace {

struct Crop {
  Shape shape;  // of x
  Padding around;
};

const Op kCrop{"crop", [](Context& c, Node& n) {
                 const auto& a = n.as<Crop>();
                 const Tensor dy = n.take_dy(), dx = c.new_grad(n, 0, a.shape);
                 c.run(SEGUE_KERNEL(pad_constant), dy, out(dx), a.around, 0.f);
                 c.give(n, 0, dx);
               }};

}  // namespace

Tensor crop(Context& c, const Tensor& x, const Window& window) {
  const Shape& s = x.shape();
  require(s.dims() == 4, "crop", "expects x (N,H,W,C); got ", s);
  Tensor y = c.image({s[0], window.height, window.width, s[3]}, "crop");
  c.run(SEGUE_KERNEL(crop), x, out(y), window);
  c.record(kCrop, {x}, y, {},
           Crop{s,
                {.top = window.top,
                 .bottom = s[1] - window.top - window.height,
                 .left = window.left,
                 .right = s[2] - window.left - window.width}});
  return y;
}

}  // namespace segue
