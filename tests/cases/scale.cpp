#include "kernels/scale.h"

#include "cases_of.h"
#include "runtime/ops.h"

namespace segue::cases {
namespace {

Array scaled(const Array& x, double factor) {
  Array y(x.shape);
  for (int64_t i = 0; i < x.count(); ++i) y[i] = factor * x[i];
  return y;
}

Case scale_case(const Shape& shape, float factor, const Format& f = {}) {
  const auto call = [=](const auto& e, Io& io) { kernels::scale(e, io.in[0].view(), factor, io.out[0].view()); };
  return {.op = "scale",
          .name = f.name(shape) + (factor == 0 ? "_zero" : ""),
          .make =
              [=] {
                return Io{{f(uniform(shape, -1, 1))}, {f(shape)}};
              },
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference = [=](const Io& io) { return std::vector<Array>{scaled(io.in[0].array(), double(factor))}; },
          .bytes = 2.0 * double(shape.count() * f.bytes())};
}

Case scale_by_case(const Shape& shape, const Format& f = {}) {
  const auto call = [](const auto& e, Io& io) {
    kernels::scale_by(e, io.in[0].view(), io.in[1].view(), io.out[0].view());
  };
  return {.op = "scale_by",
          .name = f.name(shape),
          .make =
              [=] {
                return Io{{f(uniform(shape, -1, 1)), Buffer(constant({}, -0.37), DType::f32)}, {f(shape)}};
              },
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference = [](const Io& io) { return std::vector<Array>{scaled(io.in[0].array(), io.in[1].array()[0])}; },
          .bytes = 2.0 * double(shape.count() * f.bytes())};
}

// y is x: how the gradients of losses use it.
Case in_place_case(const Shape& shape, const Format& f = {}) {
  const auto call = [](const auto& e, Io& io) {
    kernels::scale_by(e, io.out[0].view(), io.in[0].view(), io.out[0].view());
  };
  return {.op = "scale_by",
          .name = f.name(shape) + "_in_place",
          .make =
              [=] {
                return Io{{Buffer(constant({}, 3.25), DType::f32)}, {f(uniform(shape, -1, 1))}};
              },
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference = [](const Io& io) { return std::vector<Array>{scaled(io.out[0].array(), io.in[0].array()[0])}; },
          .bytes = 2.0 * double(shape.count() * f.bytes())};
}

}  // namespace

void scale_cases(Registry& r) {
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{33}, Shape{769}, Shape{8193}, Shape{2, 19, 33, 3}}) {
    r.cases.push_back(scale_case(shape, -1.7f));
    r.cases.push_back(scale_by_case(shape));
    r.cases.push_back(in_place_case(shape));
  }
  r.cases.push_back(scale_case({33, 19}, 0.f));
  for (const Format& f : kCudaFormats) {
    r.cases.push_back(scale_case({3, 19, 33, 19}, -1.7f, f));
    r.cases.push_back(scale_by_case({3, 19, 33, 3}, f));
    r.cases.push_back(in_place_case({3, 5, 7, 19}, f));
  }
  for (const Format& f : kOddFormats) r.cases.push_back(scale_case({3, 5, 7, 19}, -1.7f, f));
  r.cases.push_back(bench_only(scale_case({4, 64, 128, 256}, 0.5f)));
  r.cases.push_back(bench_only(scale_by_case({4, 64, 128, 256})));
  r.cases.push_back(bench_only(scale_by_case({8, 512, 1024, 19}, {DType::bf16, 8})));

  r.gradients.push_back(
      {.op = "scale",
       .name = "3x5x4",
       .inputs = {uniform({3, 5, 4}, -1, 1)},
       .forward = [](const std::vector<Array>& x) { return scaled(x[0], 1.5); },
       .gradient = [](const std::vector<Array>&, const Array& dy) { return std::vector<Array>{scaled(dy, 1.5)}; },
       .op_call = [](Context& c, std::vector<Tensor>& x) { return scale(c, x[0], 1.5f); }});
}

}  // namespace segue::cases
