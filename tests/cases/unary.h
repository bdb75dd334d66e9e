// Cases of an activation y = f(x) whose gradient is read off y.
#pragma once

#include "cases_of.h"

namespace segue::cases {

struct Unary {
  std::string op;
  std::function<void(const CpuExec&, const View& x, const View& y)> run;
  std::function<void(const CpuExec&, const View& dy, const View& y, const View& dx)> run_grad;
  std::function<void(const CudaExec&, const View& x, const View& y)> cuda_run;
  std::function<void(const CudaExec&, const View& dy, const View& y, const View& dx)> cuda_run_grad;
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

/// The calls of a case: `get(io, i)` is operand i of the launcher.
template <class Get>
void set_forward(Case& k, const Unary& u, const Format& f, Get get) {
  k.cpu = f.cpu([=](const CpuExec& e, Io& io) { u.run(e, get(io, 0), get(io, 1)); });
  k.cuda = SEGUE_CUDA_CALL([=](const CudaExec& e, Io& io) { u.cuda_run(e, get(io, 0), get(io, 1)); });
}
template <class Get>
void set_gradient(Case& k, const Unary& u, const Format& f, Get get) {
  k.cpu = f.cpu([=](const CpuExec& e, Io& io) { u.run_grad(e, get(io, 0), get(io, 1), get(io, 2)); });
  k.cuda = SEGUE_CUDA_CALL([=](const CudaExec& e, Io& io) { u.cuda_run_grad(e, get(io, 0), get(io, 1), get(io, 2)); });
}

inline Case unary_case(const Unary& u, const std::string& name, const std::function<Array()>& x, const Format& f = {}) {
  Case k{.op = u.op,
         .name = name,
         .make =
             [=] {
               const Array values = x();
               return Io{{f(values)}, {f(values.shape)}};
             },
         .reference = [=](const Io& io) { return std::vector<Array>{map(io.in[0].array(), u.f)}; }};
  set_forward(k, u, f, [](Io& io, int i) { return i == 0 ? io.in[0].view() : io.out[0].view(); });
  return k;
}

inline Case unary_case(const Unary& u, const Shape& shape, double low, double high, const Format& f = {}) {
  Case k = unary_case(
      u, f.name(shape), [=] { return uniform(shape, low, high); }, f);
  k.bytes = 2.0 * double(shape.count() * f.bytes());
  return k;
}

/// The result in place of x.
inline Case unary_in_place_case(const Unary& u, const Shape& shape, double low, double high, const Format& f = {}) {
  Case k{.op = u.op,
         .name = f.name(shape) + "_in_place",
         .make =
             [=] {
               return Io{{}, {f(uniform(shape, low, high))}};
             },
         .reference = [=](const Io& io) { return std::vector<Array>{map(io.out[0].array(), u.f)}; },
         .bytes = 2.0 * double(shape.count() * f.bytes())};
  set_forward(k, u, f, [](Io& io, int) { return io.out[0].view(); });
  return k;
}

inline Case unary_grad_case(const Unary& u, const Shape& shape, double low, double high, const Format& f = {}) {
  Case k{
      .op = u.op + "_grad",
      .name = f.name(shape),
      .make =
          [=] {
            return Io{{f(uniform(shape, -1, 1, 1)), f(map(uniform(shape, low, high, 2), u.f))}, {f(shape)}};
          },
      .reference = [=](const Io& io) { return std::vector<Array>{gradient_of(u, io.in[0].array(), io.in[1].array())}; },
      .bytes = 3.0 * double(shape.count() * f.bytes())};
  set_gradient(k, u, f, [](Io& io, int i) { return i < 2 ? io.in[size_t(i)].view() : io.out[0].view(); });
  return k;
}

/// dx in place of dy: how the tape calls it.
inline Case unary_grad_in_place_case(const Unary& u, const Shape& shape, double low, double high,
                                     const Format& f = {}) {
  Case k{.op = u.op + "_grad",
         .name = f.name(shape) + "_in_place",
         .make =
             [=] {
               return Io{{f(map(uniform(shape, low, high, 2), u.f))}, {f(uniform(shape, -1, 1, 1))}};
             },
         .reference =
             [=](const Io& io) { return std::vector<Array>{gradient_of(u, io.out[0].array(), io.in[0].array())}; },
         .bytes = 3.0 * double(shape.count() * f.bytes())};
  set_gradient(k, u, f, [](Io& io, int i) { return i == 1 ? io.in[0].view() : io.out[0].view(); });
  return k;
}

/// Every size and variant, with x in [low, high), and the gradient case at `x`.
inline void unary_cases(Registry& r, const Unary& u, double low, double high, const Array& x) {
  for (const Shape& shape : {Shape{1}, Shape{33}, Shape{769}, Shape{8193}, Shape{2, 19, 33, 3}, Shape{769, 19}}) {
    r.cases.push_back(unary_case(u, shape, low, high));
    r.cases.push_back(unary_grad_case(u, shape, low, high));
  }
  r.cases.push_back(unary_in_place_case(u, {8193}, low, high));
  r.cases.push_back(unary_grad_in_place_case(u, {8193}, low, high));
  for (const Format& f : kCudaFormats) {
    r.cases.push_back(unary_case(u, {3, 19, 33, 19}, low, high, f));
    r.cases.push_back(unary_grad_case(u, {3, 19, 33, 3}, low, high, f));
    r.cases.push_back(unary_in_place_case(u, {3, 5, 7, 3}, low, high, f));
    r.cases.push_back(unary_grad_in_place_case(u, {3, 5, 7, 19}, low, high, f));
  }
  for (const Format& f : kOddFormats) {
    r.cases.push_back(unary_case(u, {3, 5, 7, 19}, low, high, f));
    r.cases.push_back(unary_grad_case(u, {3, 5, 7, 19}, low, high, f));
  }
  r.cases.push_back(bench_only(unary_case(u, Shape{4, 64, 128, 256}, low, high)));
  r.cases.push_back(bench_only(unary_grad_case(u, {4, 64, 128, 256}, low, high)));
  r.cases.push_back(bench_only(unary_case(u, Shape{4, 128, 256, 64}, low, high, {DType::bf16, 8})));
  r.cases.push_back(bench_only(unary_grad_case(u, {4, 128, 256, 64}, low, high, {DType::bf16, 8})));
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
