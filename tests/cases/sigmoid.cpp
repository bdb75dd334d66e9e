#include "kernels/sigmoid.h"

#include "runtime/ops.h"
#include "unary.h"

namespace segue::cases {
namespace {

Unary sigmoid_op() {
  const auto run = [](const auto& e, const View& x, const View& y) { kernels::sigmoid(e, x, y); };
  const auto run_grad = [](const auto& e, const View& dy, const View& y, const View& dx) {
    kernels::sigmoid_grad(e, dy, y, dx);
  };
  return {.op = "sigmoid",
          .run = run,
          .run_grad = run_grad,
          .cuda_run = SEGUE_CUDA_CALL(run),
          .cuda_run_grad = SEGUE_CUDA_CALL(run_grad),
          .f = [](double x) { return 1 / (1 + std::exp(-x)); },
          .slope = [](double y) { return y * (1 - y); },
          .op_call = [](Context& c, const Tensor& x) { return sigmoid(c, x); }};
}

}  // namespace

void sigmoid_cases(Registry& r) {
  unary_cases(r, sigmoid_op(), -4, 4, uniform({3, 5, 4}, -2, 2));
  // Both ends; and small results alone, which must keep their digits.
  r.cases.push_back(unary_case(sigmoid_op(), Shape{769, 3}, -100, 100));
  r.cases.push_back(unary_case(sigmoid_op(), "small", [] { return uniform({33, 3}, -85, -80); }));
  r.cases.push_back(unary_case(sigmoid_op(), "special", [] {
    Array x({6});
    x.v = {0, -HUGE_VAL, HUGE_VAL, std::nan(""), -100, 100};
    return x;
  }));
}

}  // namespace segue::cases
