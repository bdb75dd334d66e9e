#include "kernels/bias.h"

#include "cases_of.h"
#include "runtime/ops.h"

namespace segue::cases {
namespace {

Array forward(const Array& x, const Array& b) {
  Array y(x.shape);
  for (int64_t i = 0; i < x.count(); ++i) y[i] = x[i] + b[i % b.count()];
  return y;
}

Array gradient(const Array& dy) {
  Array db(Shape{dy.shape.channels()});
  for (int64_t i = 0; i < dy.count(); ++i) db[i % db.count()] += dy[i];
  return db;
}

Case bias_case(const Shape& shape, const Format& f = {}) {
  const auto call = [](const auto& e, Io& io) { kernels::bias(e, io.in[0].view(), io.in[1].view(), io.out[0].view()); };
  return {.op = "bias",
          .name = f.name(shape),
          .make =
              [=] {
                return Io{{f(uniform(shape, -1, 1, 1)), Buffer(uniform({shape.channels()}, -1, 1, 2), DType::f32)},
                          {f(shape)}};
              },
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference = [](const Io& io) { return std::vector<Array>{forward(io.in[0].array(), io.in[1].array())}; },
          .bytes = 2.0 * double(shape.count() * f.bytes())};
}

/// How convolutions call it.
Case bias_in_place_case(const Shape& shape, const Format& f = {}) {
  const auto call = [](const auto& e, Io& io) {
    kernels::bias(e, io.out[0].view(), io.in[0].view(), io.out[0].view());
  };
  return {.op = "bias",
          .name = f.name(shape) + "_in_place",
          .make =
              [=] {
                return Io{{Buffer(uniform({shape.channels()}, -1, 1, 2), DType::f32)}, {f(uniform(shape, -1, 1, 1))}};
              },
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference = [](const Io& io) { return std::vector<Array>{forward(io.out[0].array(), io.in[0].array())}; },
          .bytes = 2.0 * double(shape.count() * f.bytes())};
}

Case bias_grad_case(const Shape& shape, bool accumulate, const Format& f = {}) {
  const auto call = [=](const auto& e, Io& io) {
    kernels::bias_grad(e, io.in[0].view(), io.out[0].view(), accumulate);
  };
  return {.op = "bias_grad",
          .name = f.name(shape) + (accumulate ? "_accumulate" : ""),
          .make =
              [=] {
                Io io;
                io.in = {f(uniform(shape, -1, 1, 1))};
                io.out = {accumulate ? Buffer(uniform({shape.channels()}, -1, 1, 2), DType::f32)
                                     : Buffer({shape.channels()}, DType::f32)};
                return io;
              },
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference =
              [=](const Io& io) {
                Array db = gradient(io.in[0].array());
                if (accumulate) db = forward(db, io.out[0].array());
                return std::vector<Array>{db};
              },
          .longest_sum = {shape.pixels() + accumulate},
          .bytes = double(shape.count() * f.bytes())};
}

}  // namespace

void bias_cases(Registry& r) {
  for (const Shape& shape :
       {Shape{1, 1, 1, 1}, Shape{2, 3, 1, 3}, Shape{1, 33, 7, 19}, Shape{1, 1, 769, 48}, Shape{3, 17, 33, 64},
        Shape{2, 5, 7, 304}, Shape{1, 3, 3, 2048}, Shape{3, 31, 67, 1}, Shape{769, 33}}) {
    r.cases.push_back(bias_case(shape));
    r.cases.push_back(bias_in_place_case(shape));
    for (bool accumulate : {false, true}) r.cases.push_back(bias_grad_case(shape, accumulate));
  }
  for (const Format& f : kCudaFormats)
    for (const Shape& shape : {Shape{3, 33, 35, 19}, Shape{2, 9, 33, 3}, Shape{1, 5, 7, 1}, Shape{2, 5, 7, 304}}) {
      r.cases.push_back(bias_case(shape, f));
      r.cases.push_back(bias_in_place_case(shape, f));
      for (bool accumulate : {false, true}) r.cases.push_back(bias_grad_case(shape, accumulate, f));
    }
  for (const Format& f : kOddFormats) {
    r.cases.push_back(bias_case({2, 5, 7, 19}, f));
    r.cases.push_back(bias_grad_case({2, 5, 7, 19}, false, f));
  }
  for (const Shape& shape : {Shape{4, 32, 64, 256}, Shape{4, 32, 64, 19}, Shape{1, 128, 128, 64}}) {
    r.cases.push_back(bench_only(bias_in_place_case(shape)));
    r.cases.push_back(bench_only(bias_grad_case(shape, false)));
  }
  for (const Shape& shape : {Shape{4, 256, 512, 64}, Shape{8, 128, 256, 19}}) {
    r.cases.push_back(bench_only(bias_in_place_case(shape, {DType::bf16, 8})));
    r.cases.push_back(bench_only(bias_grad_case(shape, false, {DType::bf16, 8})));
  }
  r.gradients.push_back({.op = "bias",
                         .name = "2x3x4x5",
                         .inputs = {uniform({2, 3, 4, 5}, -1, 1, 1), uniform({5}, -1, 1, 2)},
                         .forward = [](const std::vector<Array>& x) { return forward(x[0], x[1]); },
                         .gradient =
                             [](const std::vector<Array>&, const Array& dy) {
                               return std::vector<Array>{dy, gradient(dy)};
                             },
                         .op_call = [](Context& c, std::vector<Tensor>& x) { return bias(c, x[0], x[1]); },
                         .longest_sum = 24});
}

}  // namespace segue::cases
