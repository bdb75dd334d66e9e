#include "kernels/pad_reflect.h"

#include "runtime/ops.h"

namespace segue {
namespace {

struct PadReflect {
  Shape shape;  // of x
  int64_t pad;
};

const Op kPadReflect{"pad_reflect", [](Context& c, Node& n) {
                       const auto& a = n.as<PadReflect>();
                       const Tensor dy = n.take_dy(), dx = c.new_grad(n, 0, a.shape);
                       c.run(SEGUE_KERNEL(pad_reflect_grad), dy, out(dx), a.pad);
                       c.give(n, 0, dx);
                     }};

}  // namespace

Tensor pad_reflect(Context& c, const Tensor& x, int64_t pad) {
  const Shape& s = x.shape();
  require(s.dims() == 4 && pad >= 0 && pad < s[1] && pad < s[2], "pad_reflect",
          "expects x (N,H,W,C) and 0 <= pad < H, W; got ", s, " and pad ", pad);
  Tensor y = c.image({s[0], s[1] + 2 * pad, s[2] + 2 * pad, s[3]}, "pad_reflect");
  c.run(SEGUE_KERNEL(pad_reflect), x, out(y), pad);
  c.record(kPadReflect, {x}, y, {}, PadReflect{s, pad});
  return y;
}

}  // namespace segue
