#include "kernels/phases.h"

#include "runtime/ops.h"

namespace segue {
namespace {

struct Phases {
  Shape images;
  int64_t factor;
};

const Op kToPhases{"to_phases", [](Context& c, Node& n) {
                     const auto& a = n.as<Phases>();
                     const Tensor dy = n.take_dy();
                     const auto dx = c.grad_target(n, 0, a.images);
                     c.run(SEGUE_KERNEL(from_phases), dy, out(dx.grad), a.factor, dx.accumulate);
                     c.give(n, 0, dx.grad);
                   }};

}  // namespace

Tensor to_phases(Context& c, const Tensor& x, int64_t factor) {
  require(x.shape().dims() == 4 && factor >= 1, "to_phases", "expects images (N,H,W,C) and a factor >= 1; got ",
          x.shape(), " and ", factor);
  Tensor y = c.image(kernels::phases_of_images(x.shape(), factor), "to_phases");
  c.run(SEGUE_KERNEL(to_phases), x, out(y), factor);
  c.record(kToPhases, {x}, y, {}, Phases{x.shape(), factor});
  return y;
}

}  // namespace segue
