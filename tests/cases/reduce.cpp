#include "kernels/reduce.h"

#include "cases_of.h"
#include "runtime/ops.h"

namespace segue::cases {
namespace {

Array scalar(double value) { return constant({}, value); }

double sum_of(const Array& x) {
  double s = 0;
  for (double v : x.v) s += v;
  return s;
}

double squares_of(const Array& x) {
  double s = 0;
  for (double v : x.v) s += v * v;
  return s;
}

double mean_of(const Array& x) { return sum_of(x) / double(x.count()); }

/// An overload set, generic in the execution type.
struct Sum {
  void operator()(const auto& e, const View& x, const View& y) const { kernels::sum(e, x, y); }
};
struct Mean {
  void operator()(const auto& e, const View& x, const View& y) const { kernels::mean(e, x, y); }
};
struct SumOfSquares {
  void operator()(const auto& e, const View& x, const View& y) const { kernels::sum_of_squares(e, x, y); }
};
struct SumGrad {
  void operator()(const auto& e, const View& dy, const View& dx) const { kernels::sum_grad(e, dy, dx); }
};
struct MeanGrad {
  void operator()(const auto& e, const View& dy, const View& dx) const { kernels::mean_grad(e, dy, dx); }
};

/// Sums are added in f64, so that even a small sum of large terms is right to its last place: longest_sum stays 1.
template <class Launcher>
Case sum_case(const char* op, Launcher launch, double (*f)(const Array&), const Shape& shape,
              const Format& format = {}) {
  const auto call = [=](const auto& e, Io& io) { launch(e, io.in[0].view(), io.out[0].view()); };
  return {.op = op,
          .name = format.name(shape),
          .make =
              [=] {
                return Io{{format(uniform(shape, -1, 1))}, {Buffer(Shape{}, DType::f32)}};
              },
          .cpu = format.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference = [=](const Io& io) { return std::vector<Array>{scalar(f(io.in[0].array()))}; },
          .bytes = double(shape.count() * format.bytes())};
}

/// Every value is taken back by another one far away, so that all that is left is rounding in f64: the sum depends on
/// the order of the additions, which must not depend on the number of threads. No reference: only bits are compared.
Case order_case() {
  const Shape shape{200003};
  Case k = sum_case("sum", Sum{}, sum_of, shape);
  k.name = "order";
  k.make = [=] {
    Array x(shape);
    const Array half = uniform({shape[0] / 2}, -1, 1);
    for (int64_t i = 0; i < half.count(); ++i) {
      x[i] = half[i] * std::ldexp(1.0, int(i % 60));
      x[shape[0] - 1 - i] = -x[i];
    }
    return Io{{Buffer(x, DType::f32)}, {Buffer(Shape{}, DType::f32)}};
  };
  k.reference = [](const Io&) { return std::vector<Array>{Array()}; };
  return k;
}

template <class Launcher>
Case grad_case(const char* op, Launcher launch, const Shape& shape, double share, const Format& format = {}) {
  const auto call = [=](const auto& e, Io& io) { launch(e, io.in[0].view(), io.out[0].view()); };
  return {.op = op,
          .name = format.name(shape),
          .make =
              [=] {
                return Io{{Buffer(scalar(-1.7), DType::f32)}, {format(shape)}};
              },
          .cpu = format.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference = [=](const Io& io) { return std::vector<Array>{constant(shape, io.in[0].array()[0] * share)}; },
          .bytes = double(shape.count() * format.bytes())};
}

void add_all(Registry& r, const Shape& shape, const Format& f = {}) {
  r.cases.push_back(sum_case("sum", Sum{}, sum_of, shape, f));
  r.cases.push_back(sum_case("mean", Mean{}, mean_of, shape, f));
  r.cases.push_back(sum_case("sum_of_squares", SumOfSquares{}, squares_of, shape, f));
  r.cases.push_back(grad_case("sum_grad", SumGrad{}, shape, 1, f));
  r.cases.push_back(grad_case("mean_grad", MeanGrad{}, shape, 1 / double(shape.count()), f));
}

Case weighted_sum_case(int64_t n, bool scalar_weight) {
  const auto call = [=](const auto& e, Io& io) {
    std::vector<View> terms;
    for (int64_t i = 0; i < n; ++i) terms.push_back(io.in[size_t(i) + 1].view());
    kernels::weighted_sum(e, terms, io.in[0].view(), io.out[0].view());
  };
  return {.op = "weighted_sum",
          .name = std::to_string(n) + (scalar_weight ? "_scalar_weight" : ""),
          .make =
              [=] {
                const Array terms = uniform({n}, -1, 1, 1);
                Io io;
                io.in = {Buffer(uniform(scalar_weight ? Shape{} : Shape{n}, -1, 1, 2), DType::f32)};
                for (double t : terms.v) io.in.emplace_back(scalar(t), DType::f32);
                io.out = {Buffer(Shape{}, DType::f32)};
                return io;
              },
          .cpu = call,
          .cuda = SEGUE_CUDA_CALL(call),
          .reference =
              [=](const Io& io) {
                double s = 0;
                for (int64_t i = 0; i < n; ++i) s += io.in[0].array()[i] * io.in[size_t(i) + 1].array()[0];
                return std::vector<Array>{scalar(s)};
              }};
}

Case weighted_sum_grad_case(int64_t n, int64_t index) {
  const auto call = [=](const auto& e, Io& io) {
    kernels::weighted_sum_grad(e, io.in[0].view(), io.in[1].view(), index, io.out[0].view());
  };
  return {.op = "weighted_sum_grad",
          .name = std::to_string(index) + "_of_" + std::to_string(n),
          .make =
              [=] {
                return Io{{Buffer(scalar(0.3), DType::f32), Buffer(uniform({n}, -1, 1), DType::f32)},
                          {Buffer(Shape{}, DType::f32)}};
              },
          .cpu = call,
          .cuda = SEGUE_CUDA_CALL(call),
          .reference =
              [=](const Io& io) { return std::vector<Array>{scalar(io.in[0].array()[0] * io.in[1].array()[index])}; }};
}

GradientCase reduction_gradient(const char* op, double (*f)(const Array&), Tensor (*op_call)(Context&, const Tensor&),
                                const Shape& shape, double share) {
  return {.op = op,
          .name = case_name(shape),
          .inputs = {uniform(shape, -1, 1)},
          .forward = [=](const std::vector<Array>& x) { return scalar(f(x[0])); },
          .gradient = [=](const std::vector<Array>&,
                          const Array& dy) { return std::vector<Array>{constant(shape, dy[0] * share)}; },
          .op_call = [=](Context& c, std::vector<Tensor>& x) { return op_call(c, x[0]); }};
}

GradientCase weighted_sum_gradient() {
  const std::vector<float> weights = {0.5f, -2.f, 0.25f};
  return {.op = "weighted_sum",
          .name = "three_terms",
          .inputs = {scalar(0.75), scalar(-0.5), scalar(2)},
          .forward =
              [=](const std::vector<Array>& x) {
                double s = 0;
                for (size_t i = 0; i < x.size(); ++i) s += double(weights[i]) * x[i][0];
                return scalar(s);
              },
          .gradient =
              [=](const std::vector<Array>& x, const Array& dy) {
                std::vector<Array> dx;
                for (size_t i = 0; i < x.size(); ++i) dx.push_back(scalar(double(weights[i]) * dy[0]));
                return dx;
              },
          .op_call =
              [=](Context& c, std::vector<Tensor>& x) {
                const View slot = c.state().declare<float>("weights", int64_t(weights.size()));
                for (size_t i = 0; i < weights.size(); ++i) c.state().set(slot, weights[i], int64_t(i));
                c.state().upload();
                return weighted_sum(c, x, slot);
              }};
}

}  // namespace

void reduce_cases(Registry& r) {
  for (const Shape& shape :
       {Shape{}, Shape{1}, Shape{15}, Shape{33}, Shape{769, 19}, Shape{32768}, Shape{32769}, Shape{2, 97, 193, 3}})
    add_all(r, shape);
  for (const Format& f : kCudaFormats)
    for (const Shape& shape : {Shape{3, 33, 35, 19}, Shape{33, 3}}) add_all(r, shape, f);
  for (const Format& f : kOddFormats) add_all(r, {3, 33, 35, 19}, f);
  r.cases.push_back(order_case());
  r.cases.push_back(bench_only(sum_case("sum", Sum{}, sum_of, {1 << 25})));
  r.cases.push_back(bench_only(sum_case("sum_of_squares", SumOfSquares{}, squares_of, {1 << 25})));
  r.cases.push_back(
      bench_only(sum_case("sum_of_squares", SumOfSquares{}, squares_of, {1 << 16, 512}, {DType::f32, 8})));
  r.cases.push_back(bench_only(sum_case("mean", Mean{}, mean_of, {1 << 16, 512}, {DType::bf16, 8})));
  for (int64_t n : {1, 2, 7, 32, 71}) {
    r.cases.push_back(weighted_sum_case(n, false));
    r.cases.push_back(weighted_sum_grad_case(n, n - 1));
  }
  r.cases.push_back(weighted_sum_case(1, true));

  r.gradients.push_back(reduction_gradient("sum", sum_of, sum, {3, 5, 4}, 1));
  r.gradients.push_back(reduction_gradient("mean", mean_of, mean, {3, 5, 4}, 1.0 / 60));
  r.gradients.push_back(weighted_sum_gradient());
}

}  // namespace segue::cases
