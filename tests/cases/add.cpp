#include "kernels/add.h"

#include "cases_of.h"
#include "runtime/ops.h"

namespace segue::cases {
namespace {

Array forward(const Array& a, const Array& b) {
  Array y(a.shape);
  for (int64_t i = 0; i < a.count(); ++i) y[i] = a[i] + b[i];
  return y;
}

Array scaled(const Array& x, double factor) {
  Array y(x.shape);
  for (int64_t i = 0; i < x.count(); ++i) y[i] = factor * x[i];
  return y;
}

Case add_case(const Shape& shape, const Format& f = {}) {
  const auto call = [](const auto& e, Io& io) { kernels::add(e, io.in[0].view(), io.in[1].view(), io.out[0].view()); };
  return {.op = "add",
          .name = f.name(shape),
          .make =
              [=] {
                return Io{{f(uniform(shape, -1, 1, 1)), f(uniform(shape, -1, 1, 2))}, {f(shape)}};
              },
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference = [](const Io& io) { return std::vector<Array>{forward(io.in[0].array(), io.in[1].array())}; },
          .bytes = 3.0 * double(shape.count() * f.bytes())};
}

/// y is an operand: how gradients gather.
Case in_place_case(const Shape& shape, bool y_is_a, const Format& f = {}) {
  const auto call = [=](const auto& e, Io& io) {
    const View y = io.out[0].view(), other = io.in[0].view();
    kernels::add(e, y_is_a ? y : other, y_is_a ? other : y, y);
  };
  return {.op = "add",
          .name = f.name(shape) + (y_is_a ? "_y_is_a" : "_y_is_b"),
          .make =
              [=] {
                return Io{{f(uniform(shape, -1, 1, 1))}, {f(uniform(shape, -1, 1, 2))}};
              },
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference = [](const Io& io) { return std::vector<Array>{forward(io.out[0].array(), io.in[0].array())}; },
          .bytes = 3.0 * double(shape.count() * f.bytes())};
}

/// x + x, then + x: two gradients of one node arrive at the same tensor, and a third one at what they left.
GradientCase same_operand() {
  return {.op = "add",
          .name = "same_operand",
          .inputs = {uniform({3, 5, 4}, -1, 1)},
          .forward = [](const std::vector<Array>& x) { return scaled(x[0], 3); },
          .gradient = [](const std::vector<Array>&, const Array& dy) { return std::vector<Array>{scaled(dy, 3)}; },
          .op_call = [](Context& c, std::vector<Tensor>& x) { return add(c, add(c, x[0], x[0]), x[0]); },
          .longest_sum = 3};
}

}  // namespace

void add_cases(Registry& r) {
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{33}, Shape{769}, Shape{8193}, Shape{2, 19, 33, 3}}) {
    r.cases.push_back(add_case(shape));
    r.cases.push_back(in_place_case(shape, true));
    r.cases.push_back(in_place_case(shape, false));
  }
  for (const Format& f : kCudaFormats) {
    r.cases.push_back(add_case({3, 19, 33, 19}, f));
    for (bool y_is_a : {true, false}) r.cases.push_back(in_place_case({3, 5, 7, 3}, y_is_a, f));
  }
  for (const Format& f : kOddFormats) r.cases.push_back(add_case({3, 19, 33, 19}, f));
  r.cases.push_back(bench_only(add_case({4, 64, 128, 256})));
  r.cases.push_back(bench_only(add_case({8, 128, 256, 256}, {DType::bf16, 8})));

  r.gradients.push_back({.op = "add",
                         .name = "3x5x4",
                         .inputs = {uniform({3, 5, 4}, -1, 1, 1), uniform({3, 5, 4}, -1, 1, 2)},
                         .forward = [](const std::vector<Array>& x) { return forward(x[0], x[1]); },
                         .gradient =
                             [](const std::vector<Array>&, const Array& dy) {
                               return std::vector<Array>{dy, dy};
                             },
                         .op_call = [](Context& c, std::vector<Tensor>& x) { return add(c, x[0], x[1]); }});
  r.gradients.push_back(same_operand());
  // The second operand has a gradient already when add's arrives: the walk meets the relative of it first.
  r.gradients.push_back(
      {.op = "add",
       .name = "second_operand_again",
       .inputs = {uniform({33}, -1, 1, 1), uniform({33}, -1, 1, 2)},
       .forward = [](const std::vector<Array>& x) { return forward(forward(x[0], x[1]), scaled(x[1], -0.5)); },
       .gradient =
           [](const std::vector<Array>&, const Array& dy) {
             return std::vector<Array>{dy, scaled(dy, 0.5)};
           },
       .op_call =
           [](Context& c, std::vector<Tensor>& x) {
             Tensor both = add(c, x[0], x[1]);
             return add(c, both, scale(c, x[1], -0.5f));
           },
       .longest_sum = 2});
}

}  // namespace segue::cases
