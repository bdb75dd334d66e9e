#include "kernels/pad_constant.h"

#include "cases_of.h"
#include "runtime/ops.h"

namespace segue::cases {
namespace {

Shape padded(const Shape& s, const Padding& p) {
  return {s[0], p.top + s[1] + p.bottom, p.left + s[2] + p.right, s[3]};
}

Array forward(const Array& x, const Padding& pad, double value) {
  Array y(padded(x.shape, pad), value);
  for (int64_t n = 0; n < x.shape[0]; ++n)
    for (int64_t h = 0; h < x.shape[1]; ++h)
      for (int64_t w = 0; w < x.shape[2]; ++w)
        for (int64_t c = 0; c < x.shape[3]; ++c) y.at(n, pad.top + h, pad.left + w, c) = x.at(n, h, w, c);
  return y;
}

Array gradient(const Array& dy, const Shape& shape, const Padding& pad) {
  Array dx(shape);
  for (int64_t n = 0; n < shape[0]; ++n)
    for (int64_t h = 0; h < shape[1]; ++h)
      for (int64_t w = 0; w < shape[2]; ++w)
        for (int64_t c = 0; c < shape[3]; ++c) dx.at(n, h, w, c) = dy.at(n, pad.top + h, pad.left + w, c);
  return dx;
}

Case pad_case(const Shape& shape, const Padding& pad, float value, const Format& f = {}) {
  const Shape large = padded(shape, pad);
  const auto call = [=](const auto& e, Io& io) {
    kernels::pad_constant(e, io.in[0].view(), io.out[0].view(), pad, value);
  };
  return {.op = "pad_constant",
          .name = f.name(shape) + "_to_" + case_name(large),
          .make =
              [=] {
                return Io{{f(uniform(shape, -1, 1))}, {f(large)}};
              },
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference = [=](const Io& io) { return std::vector<Array>{forward(io.in[0].array(), pad, double(value))}; },
          .bytes = double((shape.count() + large.count()) * f.bytes())};
}

}  // namespace

void pad_constant_cases(Registry& r) {
  struct Size {
    Shape shape;
    Padding pad;
  };
  // No pad; one side at a time; more pad than image.
  for (const auto& [shape, pad] :
       {Size{{1, 1, 1, 1}, {0, 0, 0, 0}}, Size{{2, 5, 9, 3}, {1, 0, 0, 0}}, Size{{2, 5, 9, 3}, {0, 2, 0, 0}},
        Size{{2, 5, 9, 3}, {0, 0, 3, 0}}, Size{{2, 5, 9, 3}, {0, 0, 0, 4}}, Size{{1, 33, 17, 19}, {1, 2, 3, 4}},
        Size{{1, 2, 3, 48}, {7, 8, 9, 10}}, Size{{1, 5, 3, 304}, {1, 1, 1, 1}}, Size{{2, 769, 9, 1}, {0, 0, 1, 23}}})
    r.cases.push_back(pad_case(shape, pad, 0.25f));
  for (const Format& f : kCudaFormats) {
    r.cases.push_back(pad_case({2, 33, 17, 19}, {1, 2, 3, 4}, -0.75f, f));
    r.cases.push_back(pad_case({3, 2, 9, 3}, {7, 0, 0, 10}, 0.25f, f));
  }
  for (const Format& f : kOddFormats) r.cases.push_back(pad_case({2, 5, 9, 19}, {1, 2, 3, 4}, 0.25f, f));
  r.cases.push_back(bench_only(pad_case({4, 128, 256, 64}, {1, 1, 1, 1}, 0.f)));
  r.cases.push_back(bench_only(pad_case({4, 128, 256, 64}, {1, 1, 1, 1}, 0.f, {DType::bf16, 8})));

  const Shape shape{2, 3, 4, 3};
  const Padding pad{.top = 1, .bottom = 2, .left = 3, .right = 0};
  r.gradients.push_back(
      {.op = "pad_constant",
       .name = "2x3x4x3",
       .inputs = {uniform(shape, -1, 1)},
       .forward = [=](const std::vector<Array>& x) { return forward(x[0], pad, -1.5); },
       .gradient = [=](const std::vector<Array>&,
                       const Array& dy) { return std::vector<Array>{gradient(dy, shape, pad)}; },
       .op_call = [=](Context& c, std::vector<Tensor>& x) { return pad_constant(c, x[0], pad, -1.5f); }});
}

}  // namespace segue::cases
