#include "kernels/dropout.h"

#include "runtime/ops.h"

namespace segue {
namespace {

struct Dropout {
  float rate;
  DropoutMode mode;
  RandomKey key;
};

const Op kDropout{"dropout", [](Context& c, Node& n) {
                    const auto& a = n.as<Dropout>();
                    const Tensor dx = n.take_dy();
                    c.run(SEGUE_KERNEL(dropout_grad), dx, out(dx), a.rate, a.mode, a.key, c.state().random_step());
                    c.give(n, 0, dx);
                  }};

}  // namespace

Tensor dropout(Context& c, const Tensor& x, float rate, DropoutMode mode) {
  const Dropout a{rate, mode, c.next_random()};  // drawn at rate 0 too: later calls keep their numbers
  Tensor y = c.like(x, "dropout");
  c.run(SEGUE_KERNEL(dropout), x, out(y), a.rate, a.mode, a.key, c.state().random_step());
  c.record(kDropout, {x}, y, {}, a);
  return y;
}

}  // namespace segue
