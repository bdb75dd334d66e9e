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

Case pool_case(const Shape& shape, const Format& f = {}) {
  const auto call = [](const auto& e, Io& io) { kernels::mean_pool(e, io.in[0].view(), io.out[0].view()); };
  return {.op = "mean_pool",
          .name = f.name(shape),
          .make =
              [=] {
                return Io{{f(uniform(shape, -1, 1))}, {f(pooled(shape))}};
              },
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference = [](const Io& io) { return std::vector<Array>{forward(io.in[0].array())}; },
          .longest_sum = {shape[1] * shape[2]},
          .bytes = double(shape.count() * f.bytes())};
}

Case grad_case(const Shape& shape, bool accumulate, const Format& f = {}) {
  const auto call = [=](const auto& e, Io& io) {
    kernels::mean_pool_grad(e, io.in[0].view(), io.out[0].view(), accumulate);
  };
  return {.op = "mean_pool_grad",
          .name = f.name(shape) + (accumulate ? "_accumulate" : ""),
          .make =
              [=] {
                Io io{{f(uniform(pooled(shape), -1, 1, 2))}, {f(shape)}};
                if (accumulate) io.out = {f(uniform(shape, -1, 1, 3))};
                return io;
              },
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference =
              [=](const Io& io) {
                Array dx = gradient(io.in[0].array(), shape);
                const Array before = io.out[0].array();
                for (int64_t i = 0; accumulate && i < dx.count(); ++i) dx[i] += before[i];
                return std::vector<Array>{dx};
              },
          .bytes = (accumulate ? 2.0 : 1.0) * double(shape.count() * f.bytes())};
}

}  // namespace

void mean_pool_cases(Registry& r) {
  for (const Shape& shape : {Shape{1, 1, 1, 1}, Shape{3, 1, 1, 19}, Shape{2, 1, 33, 3}, Shape{1, 769, 1, 48},
                             Shape{3, 17, 33, 64}, Shape{2, 5, 7, 304}, Shape{2, 3, 3, 2048}}) {
    r.cases.push_back(pool_case(shape));
    for (bool accumulate : {false, true}) r.cases.push_back(grad_case(shape, accumulate));
  }
  // CUDA only: as the runtime calls it, and at pitches that allow no vector access.
  const auto add_all = [&r](const Shape& shape, const Format& f) {
    r.cases.push_back(pool_case(shape, f));
    for (bool accumulate : {false, true}) r.cases.push_back(grad_case(shape, accumulate, f));
  };
  for (const Format& f : kCudaFormats)
    for (const Shape& shape : {Shape{3, 17, 33, 19}, Shape{2, 1, 33, 3}, Shape{3, 1, 1, 20}, Shape{1, 7, 9, 264}})
      add_all(shape, f);
  for (const Format& f : kOddFormats) add_all({3, 17, 33, 19}, f);
  r.cases.push_back(bench_only(pool_case({4, 8, 16, 2048})));
  r.cases.push_back(bench_only(grad_case({4, 8, 16, 2048}, true)));
  // The last layers of DeepLabv3+ at 8x512x1024.
  r.cases.push_back(bench_only(pool_case({8, 32, 64, 2048}, kCudaFormats[1])));
  r.cases.push_back(bench_only(grad_case({8, 32, 64, 2048}, true, kCudaFormats[1])));
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
