// Cases of an activation y = f(x) whose gradient is read off y.
#pragma once

#include "cases_of.h"

namespace segue::cases {

struct Unary {
  std::string op;
  std::function<void(const CpuExec&, const View& x, const View& y)> run;
  std::function<void(const CpuExec&, const View& dy, const View& y, const View& dx)> run_grad;
  std::function<double(double x)> f;
  std::function<double(double y)> slope;  ///< f'(x), from y = f(x)
  std::function<Tensor(Context&, const Tensor&)> op_call;
};

inline Array map(const Array& x, const std::function<double(double)>& f) {
  Array y(x.shape);
  for (int64_t i = 0; i < x.count(); ++i) y[i] = f(x[i]);
  return y;
}

inline Array gradient_of(const Unary& u, const Array& dy, const Array& y) {
  Array dx(dy.shape);
  for (int64_t i = 0; i < dy.count(); ++i) dx[i] = dy[i] * u.slope(y[i]);
  return dx;
}

inline Case unary_case(const Unary& u, const std::string& name, const std::function<Array()>& x) {
  const auto make = [=] {
    const Array values = x();
    return Io{{Buffer(values, DType::f32)}, {Buffer(values.shape, DType::f32)}};
  };
  return {.op = u.op,
          .name = name,
          .make = make,
          .cpu = [=](const CpuExec& e, Io& io) { u.run(e, io.in[0].view(), io.out[0].view()); },
          .reference = [=](const Io& io) { return std::vector<Array>{map(io.in[0].array(), u.f)}; }};
}

inline Case unary_case(const Unary& u, const Shape& shape, double low, double high) {
  Case k = unary_case(u, case_name(shape), [=] { return uniform(shape, low, high); });
  k.bytes = 8.0 * double(shape.count());
  return k;
}

/// The result in place of x.
inline Case unary_in_place_case(const Unary& u, const Shape& shape, double low, double high) {
  return {.op = u.op,
          .name = case_name(shape) + "_in_place",
          .make =
              [=] {
                return Io{{}, {Buffer(uniform(shape, low, high), DType::f32)}};
              },
          .cpu = [=](const CpuExec& e, Io& io) { u.run(e, io.out[0].view(), io.out[0].view()); },
          .reference = [=](const Io& io) { return std::vector<Array>{map(io.out[0].array(), u.f)}; }};
}

inline Case unary_grad_case(const Unary& u, const Shape& shape, double low, double high) {
  return {
      .op = u.op + "_grad",
      .name = case_name(shape),
      .make =
          [=] {
            return Io{{Buffer(uniform(shape, -1, 1, 1), DType::f32),
                       Buffer(map(uniform(shape, low, high, 2), u.f), DType::f32)},
                      {Buffer(shape, DType::f32)}};
          },
      .cpu = [=](const CpuExec& e, Io& io) { u.run_grad(e, io.in[0].view(), io.in[1].view(), io.out[0].view()); },
      .reference = [=](const Io& io) { return std::vector<Array>{gradient_of(u, io.in[0].array(), io.in[1].array())}; },
      .bytes = 12.0 * double(shape.count())};
}

/// dx in place of dy: how the tape calls it.
inline Case unary_grad_in_place_case(const Unary& u, const Shape& shape, double low, double high) {
  return {.op = u.op + "_grad",
          .name = case_name(shape) + "_in_place",
          .make =
              [=] {
                return Io{{Buffer(map(uniform(shape, low, high, 2), u.f), DType::f32)},
                          {Buffer(uniform(shape, -1, 1, 1), DType::f32)}};
              },
          .cpu = [=](const CpuExec& e, Io& io) { u.run_grad(e, io.out[0].view(), io.in[0].view(), io.out[0].view()); },
          .reference =
              [=](const Io& io) { return std::vector<Array>{gradient_of(u, io.out[0].array(), io.in[0].array())}; }};
}

/// Every size and variant, with x in [low, high), and the gradient case at `x`.
inline void unary_cases(Registry& r, const Unary& u, double low, double high, const Array& x) {
  for (const Shape& shape : {Shape{1}, Shape{33}, Shape{769}, Shape{8193}, Shape{2, 19, 33, 3}, Shape{769, 19}}) {
    r.cases.push_back(unary_case(u, shape, low, high));
    r.cases.push_back(unary_grad_case(u, shape, low, high));
  }
  r.cases.push_back(unary_in_place_case(u, {8193}, low, high));
  r.cases.push_back(unary_grad_in_place_case(u, {8193}, low, high));
  r.cases.push_back(bench_only(unary_case(u, Shape{4, 64, 128, 256}, low, high)));
  r.cases.push_back(bench_only(unary_grad_case(u, {4, 64, 128, 256}, low, high)));
  r.gradients.push_back(
      {.op = u.op,
       .name = case_name(x.shape),
       .inputs = {x},
       .forward = [=](const std::vector<Array>& in) { return map(in[0], u.f); },
       .gradient = [=](const std::vector<Array>& in,
                       const Array& dy) { return std::vector<Array>{gradient_of(u, dy, map(in[0], u.f))}; },
       .op_call = [=](Context& c, std::vector<Tensor>& in) { return u.op_call(c, in[0]); }});
}

}  // namespace segue::cases
