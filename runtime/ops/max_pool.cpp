#include "kernels/max_pool.h"

#include "runtime/ops.h"

namespace segue {
namespace {

struct Attributes {
  MaxPoolOptions options;
  Shape shape;
};

const Op kMaxPool{"max_pool", [](Context& c, Node& n) {
                    const auto& a = n.as<Attributes>();
                    const auto t = c.grad_target(n, 0, a.shape);
                    c.run(SEGUE_KERNEL(max_pool_grad), n.dy(), n.saved(0), out(t.grad), a.options, t.accumulate);
                    c.give(n, 0, t.grad);
                  }};

}  // namespace

Tensor max_pool(Context& c, const Tensor& x, const MaxPoolOptions& options) {
  const Shape& s = x.shape();
  require(s.dims() == 4, "max_pool", "expects images (N,H,W,C); got ", s);
  require(options.stride > 0 && s[1] + 2 * options.pad >= options.kernel && s[2] + 2 * options.pad >= options.kernel,
          "max_pool", "expects a stride above 0 and an image not smaller than a window of ", options.kernel, "; got ",
          options.stride, " and ", s);
  const Shape pooled{s[0], kernels::max_pool_extent(s[1], options), kernels::max_pool_extent(s[2], options), s[3]};
  Tensor y = c.image(pooled, "max_pool");
  Tensor argmax;
  if (c.records(x)) argmax = c.empty(pooled, DType::u8, "max_pool");
  c.run(SEGUE_KERNEL(max_pool), x, out(y), out(argmax), options);
  c.record(kMaxPool, {x}, y, {argmax}, Attributes{options, s});
  return y;
}

}  // namespace segue
