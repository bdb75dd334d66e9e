#include "kernels/tanh.h"

#include "runtime/ops.h"
#include "unary.h"

namespace segue::cases {
namespace {

Unary tanh_op() {
  const auto run = [](const auto& e, const View& x, const View& y) { kernels::tanh(e, x, y); };
  const auto run_grad = [](const auto& e, const View& dy, const View& y, const View& dx) {
    kernels::tanh_grad(e, dy, y, dx);
  };
  return {.op = "tanh",
          .run = run,
          .run_grad = run_grad,
          .cuda_run = SEGUE_CUDA_CALL(run),
          .cuda_run_grad = SEGUE_CUDA_CALL(run_grad),
          .f = [](double x) { return std::tanh(x); },
          .slope = [](double y) { return (1 - y) * (1 + y); },
          .op_call = [](Context& c, const Tensor& x) { return tanh(c, x); }};
}

}  // namespace

void tanh_cases(Registry& r) {
  unary_cases(r, tanh_op(), -3, 3, uniform({3, 5, 4}, -2, 2));
  // Saturated on both sides, and small values, which must not round to 0: rms of the group is their own.
  r.cases.push_back(unary_case(tanh_op(), Shape{769, 3}, -100, 100));
  r.cases.push_back(unary_case(tanh_op(), "small", [] { return uniform({33, 3}, -1e-6, 1e-6); }));
  r.cases.push_back(unary_case(tanh_op(), "special", [] {
    Array x({7});
    x.v = {0, -HUGE_VAL, HUGE_VAL, std::nan(""), -9, 9, 1e-30};
    return x;
  }));
  // Close to saturation the gradient is small, and right in its own digits.
  Case near_one = unary_grad_case(tanh_op(), {769}, 6, 8);
  near_one.name = "near_one";
  r.cases.push_back(near_one);
}

}  // namespace segue::cases
