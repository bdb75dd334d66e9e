#include "kernels/leaky_relu.h"

#include "runtime/ops.h"
#include "unary.h"

namespace segue::cases {
namespace {

Unary leaky(float slope) {
  const double s = slope;
  const auto run = [=](const auto& e, const View& x, const View& y) { kernels::leaky_relu(e, x, y, slope); };
  const auto run_grad = [=](const auto& e, const View& dy, const View& y, const View& dx) {
    kernels::leaky_relu_grad(e, dy, y, dx, slope);
  };
  return {.op = "leaky_relu",
          .run = run,
          .run_grad = run_grad,
          .cuda_run = SEGUE_CUDA_CALL(run),
          .cuda_run_grad = SEGUE_CUDA_CALL(run_grad),
          .f = [=](double x) { return x < 0 ? s * x : x; },
          .slope = [=](double y) { return y > 0 ? 1 : s; },
          .op_call = [=](Context& c, const Tensor& x) { return leaky_relu(c, x, slope); }};
}

}  // namespace

void leaky_relu_cases(Registry& r) {
  unary_cases(r, leaky(0.2f), -1, 1, away_from(uniform({3, 5, 4}, -1, 1), 0, 1e-3));
  r.cases.push_back(unary_case(leaky(0.01f), "special", [] {
    Array x({5});
    x.v = {0, -HUGE_VAL, HUGE_VAL, std::nan(""), -1e-30};
    return x;
  }));
  // At 0 the slope is that of the negative side, as in PyTorch.
  Case at_zero = unary_grad_case(leaky(0.2f), {9}, 0, 0);
  at_zero.name = "at_zero";
  r.cases.push_back(at_zero);
}

}  // namespace segue::cases
