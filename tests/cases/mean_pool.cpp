#include "kernels/mean_pool.h"

#include "cases_of.h"
#include "runtime/ops.h"

namespace segue::cases {
namespace {

Shape pooled(const Shape& s) { return {s[0], 1, 1, s[3]}; }

// The element of (N,1,1,C) that element i of (N,H,W,C) goes into.
int64_t target(int64_t i, const Shape& s) { return i / (s[1] * s[2] * s[3]) * s[3] + i % s[3]; }

Array forward(const Array& x) {
  Array y(pooled(x.shape));
  for (int64_t i = 0; i < x.count(); ++i) y[target(i, x.shape)] += x[i] / double(x.shape[1] * x.shape[2]);
  return y;
}

Array gradient(const Array& dy, const Shape& shape) {
  Array dx(shape);
  for (int64_t i = 0; i < dx.count(); ++i) dx[i] = dy[target(i, shape)] / double(shape[1] * shape[2]);
  return dx;
}

Case pool_case(const Shape& shape) {
  return {.op = "mean_pool",
          .name = case_name(shape),
          .make =
              [=] {
                return Io{{Buffer(uniform(shape, -1, 1), DType::f32)}, {Buffer(pooled(shape), DType::f32)}};
              },
          .cpu = [](const CpuExec& e, Io& io) { kernels::mean_pool(e, io.in[0].view(), io.out[0].view()); },
          .reference = [](const Io& io) { return std::vector<Array>{forward(io.in[0].array())}; },
          .longest_sum = {shape[1] * shape[2]},
          .bytes = 4.0 * double(shape.count())};
}

Case grad_case(const Shape& shape, bool accumulate) {
  return {.op = "mean_pool_grad",
          .name = case_name(shape) + (accumulate ? "_accumulate" : ""),
          .make =
              [=] {
                Io io{{Buffer(uniform(pooled(shape), -1, 1, 2), DType::f32)}, {Buffer(shape, DType::f32)}};
                if (accumulate) io.out = {Buffer(uniform(shape, -1, 1, 3), DType::f32)};
                return io;
              },
          .cpu = [=](const CpuExec& e,
                     Io& io) { kernels::mean_pool_grad(e, io.in[0].view(), io.out[0].view(), accumulate); },
          .reference =
              [=](const Io& io) {
                Array dx = gradient(io.in[0].array(), shape);
                const Array before = io.out[0].array();
                for (int64_t i = 0; accumulate && i < dx.count(); ++i) dx[i] += before[i];
                return std::vector<Array>{dx};
              },
          .bytes = (accumulate ? 8.0 : 4.0) * double(shape.count())};
}

}  // namespace

void mean_pool_cases(Registry& r) {
  for (const Shape& shape : {Shape{1, 1, 1, 1}, Shape{3, 1, 1, 19}, Shape{2, 1, 33, 3}, Shape{1, 769, 1, 48},
                             Shape{3, 17, 33, 64}, Shape{2, 5, 7, 304}, Shape{2, 3, 3, 2048}}) {
    r.cases.push_back(pool_case(shape));
    for (bool accumulate : {false, true}) r.cases.push_back(grad_case(shape, accumulate));
  }
  r.cases.push_back(bench_only(pool_case({4, 8, 16, 2048})));
  r.cases.push_back(bench_only(grad_case({4, 8, 16, 2048}, true)));
  r.gradients.push_back({.op = "mean_pool",
                         .name = "2x3x4x5",
                         .inputs = {uniform({2, 3, 4, 5}, -1, 1)},
                         .forward = [](const std::vector<Array>& x) { return forward(x[0]); },
                         .gradient = [](const std::vector<Array>& x,
                                        const Array& dy) { return std::vector<Array>{gradient(dy, x[0].shape)}; },
                         .op_call = [](Context& c, std::vector<Tensor>& x) { return mean_pool(c, x[0]); },
                         .longest_sum = 12});
}

}  // namespace segue::cases
