#include "kernels/softmax_entropy.h"

#include <limits>

#include "cases_of.h"
#include "runtime/ops.h"

namespace segue::cases {
namespace {

struct Softmax {
  Array p, log_p, entropy;
};

/// p (log p + a), 0 at p = 0.
double times_log(double p, double log_p, double a) { return p == 0 ? 0 : p * (log_p + a); }

Shape map_of(const Shape& logits) {
  Shape map;
  for (int i = 0; i + 1 < logits.dims(); ++i) map.push(logits[i]);
  return map;
}

Softmax softmax_of(const Array& x) {
  Softmax s{Array(x.shape), Array(x.shape), Array(map_of(x.shape))};
  const int64_t classes = x.shape.channels();
  for (int64_t i = 0; i < x.shape.pixels(); ++i) {
    double top = -HUGE_VAL, sum = 0;
    for (int64_t c = 0; c < classes; ++c) top = std::max(top, x[i * classes + c]);
    for (int64_t c = 0; c < classes; ++c) sum += std::exp(x[i * classes + c] - top);
    for (int64_t j = i * classes; j < (i + 1) * classes; ++j) {
      s.log_p[j] = x[j] - top - std::log(sum);
      s.p[j] = std::exp(s.log_p[j]);
      s.entropy[i] -= times_log(s.p[j], s.log_p[j], 0);
    }
  }
  return s;
}

Array entropy_grad(const Array& x, const Array& dy) {
  const Softmax s = softmax_of(x);
  Array dx(x.shape);
  const int64_t classes = x.shape.channels();
  for (int64_t j = 0; j < x.count(); ++j)
    dx[j] = -dy[j / classes] * times_log(s.p[j], s.log_p[j], s.entropy[j / classes]);
  return dx;
}

Array information(const Array& x) {
  const Softmax s = softmax_of(x);
  Array y(x.shape);
  for (int64_t j = 0; j < x.count(); ++j) y[j] = -times_log(s.p[j], s.log_p[j], 0);
  return y;
}

Array information_grad(const Array& x, const Array& dy) {
  const Softmax s = softmax_of(x);
  Array dx(x.shape);
  const int64_t classes = x.shape.channels();
  for (int64_t i = 0; i < x.shape.pixels(); ++i) {
    double sum = 0;
    for (int64_t j = i * classes; j < (i + 1) * classes; ++j) sum += dy[j] * times_log(s.p[j], s.log_p[j], 1);
    for (int64_t j = i * classes; j < (i + 1) * classes; ++j)
      dx[j] = s.p[j] * sum - dy[j] * times_log(s.p[j], s.log_p[j], 1);
  }
  return dx;
}

Array mean(const Array& x) {
  const Softmax s = softmax_of(x);
  double sum = 0;
  for (double h : s.entropy.v) sum += h;
  return constant({}, sum / double(s.entropy.count()));
}

/// Of the sum behind it, times `dsum`.
Array mean_grad(const Array& x, double dsum) { return entropy_grad(x, constant(map_of(x.shape), dsum)); }

/// Logits with hard pixels among ordinary ones: all equal, +-100, and a class that is impossible.
Array logits(const Shape& shape) {
  Array x = uniform(shape, -6, 6);
  const int64_t classes = shape.channels();
  if (shape.pixels() < 8) return x;
  for (int64_t c = 0; c < classes; ++c) {
    x[1 * classes + c] = 3;
    x[2 * classes + c] = c % 2 ? 100 : -100;
    x[3 * classes + c] = c == classes - 1 ? 100 : -100;
    x[4 * classes + c] = -100;
  }
  x[5 * classes] = -std::numeric_limits<double>::infinity();
  return x;
}

struct Size {
  Shape shape;
  DType dtype = DType::f32;
  int64_t pitch = 0;

  Buffer input(const Array& a) const { return Buffer(a, dtype, pitch); }
  Buffer output() const { return Buffer(shape, dtype, pitch); }
  Buffer map() const { return Buffer(map_of(shape), DType::f32); }
  Buffer map(uint64_t salt) const { return Buffer(uniform(map_of(shape), -1, 1, salt), DType::f32); }
  std::string name(const char* variant = "") const { return case_name(shape, dtype, pitch) + variant; }
  double bytes(double maps, double images) const {
    return double(shape.pixels()) * (4 * maps + double(shape.channels() * size_of(dtype)) * images);
  }
};

/// The parts that all cases of this op share; `call` is a generic lambda over the execution type.
template <class F>
Case make_case(const char* op, const std::string& name, const Size& s, std::function<Io()> make, F call,
               std::function<std::vector<Array>(const Io&)> reference, double bytes) {
  return {.op = op,
          .name = name,
          .make = std::move(make),
          .cpu = cpu_only_if(s.dtype, s.pitch, [call](const CpuExec& e, Io& io) { call(e, io); }),
          .cuda = SEGUE_CUDA_CALL([call](const CudaExec& e, Io& io) { call(e, io); }),
          .reference = std::move(reference),
          .longest_sum = {s.shape.channels()},
          .bytes = bytes,
          .flops = 30.0 * double(s.shape.count())};
}

Case entropy_case(const Size& s) {
  return make_case(
      "softmax_entropy", s.name(), s,
      [=] {
        return Io{{s.input(logits(s.shape))}, {s.map()}};
      },
      [](const auto& e, Io& io) { kernels::softmax_entropy(e, io.in[0].view(), io.out[0].view()); },
      [](const Io& io) { return std::vector<Array>{softmax_of(io.in[0].array()).entropy}; }, s.bytes(1, 1));
}

Case entropy_grad_case(const Size& s) {
  return make_case(
      "softmax_entropy_grad", s.name(), s,
      [=] {
        return Io{{s.input(logits(s.shape)), s.map(5)}, {s.output()}};
      },
      [](const auto& e, Io& io) {
        kernels::softmax_entropy_grad(e, io.in[0].view(), io.in[1].view(), io.out[0].view());
      },
      [](const Io& io) { return std::vector<Array>{entropy_grad(io.in[0].array(), io.in[1].array())}; }, s.bytes(1, 2));
}

/// dlogits in the place of the logits.
Case entropy_grad_in_place_case(const Size& s) {
  return make_case(
      "softmax_entropy_grad", s.name("_in_place"), s,
      [=] {
        return Io{{s.map(5)}, {s.input(logits(s.shape))}};
      },
      [](const auto& e, Io& io) {
        kernels::softmax_entropy_grad(e, io.out[0].view(), io.in[0].view(), io.out[0].view());
      },
      [](const Io& io) { return std::vector<Array>{entropy_grad(io.out[0].array(), io.in[0].array())}; },
      s.bytes(1, 2));
}

Case information_case(const Size& s) {
  return make_case(
      "softmax_information", s.name(), s,
      [=] {
        return Io{{s.input(logits(s.shape))}, {s.output()}};
      },
      [](const auto& e, Io& io) { kernels::softmax_information(e, io.in[0].view(), io.out[0].view()); },
      [](const Io& io) { return std::vector<Array>{information(io.in[0].array())}; }, s.bytes(0, 2));
}

Case information_grad_case(const Size& s) {
  return make_case(
      "softmax_information_grad", s.name(), s,
      [=] {
        return Io{{s.input(logits(s.shape)), s.input(uniform(s.shape, -1, 1, 5))}, {s.output()}};
      },
      [](const auto& e, Io& io) {
        kernels::softmax_information_grad(e, io.in[0].view(), io.in[1].view(), io.out[0].view());
      },
      [](const Io& io) { return std::vector<Array>{information_grad(io.in[0].array(), io.in[1].array())}; },
      s.bytes(0, 3));
}

/// dlogits in the place of dinformation.
Case information_grad_in_place_case(const Size& s) {
  return make_case(
      "softmax_information_grad", s.name("_in_place"), s,
      [=] {
        return Io{{s.input(logits(s.shape))}, {s.input(uniform(s.shape, -1, 1, 5))}};
      },
      [](const auto& e, Io& io) {
        kernels::softmax_information_grad(e, io.in[0].view(), io.out[0].view(), io.out[0].view());
      },
      [](const Io& io) { return std::vector<Array>{information_grad(io.in[0].array(), io.out[0].array())}; },
      s.bytes(0, 3));
}

Case mean_case(const Size& s) {
  Case k = make_case(
      "softmax_entropy_mean", s.name(), s,
      [=] {
        return Io{{s.input(logits(s.shape))}, {Buffer(Shape{}, DType::f32), s.output()}};
      },
      [](const auto& e, Io& io) {
        kernels::softmax_entropy_mean(e, io.in[0].view(), io.out[0].view(), io.out[1].view());
      },
      [](const Io& io) {
        const Array x = io.in[0].array();
        return std::vector<Array>{mean(x), mean_grad(x, 1)};
      },
      s.bytes(0, 2));
  k.longest_sum = {s.shape.count(), s.shape.channels()};
  k.rms_group = {0, 0};
  return k;
}

Case mean_alone_case(const Size& s) {
  Case k = make_case(
      "softmax_entropy_mean", s.name("_alone"), s,
      [=] {
        return Io{{s.input(logits(s.shape))}, {Buffer(Shape{}, DType::f32)}};
      },
      [](const auto& e, Io& io) { kernels::softmax_entropy_mean(e, io.in[0].view(), io.out[0].view(), View()); },
      [](const Io& io) { return std::vector<Array>{mean(io.in[0].array())}; }, s.bytes(0, 1));
  k.longest_sum = {s.shape.count()};
  return k;
}

void add_all(Registry& r, const Size& s) {
  for (Case k : {entropy_case(s), entropy_grad_case(s), information_case(s), information_grad_case(s), mean_case(s)})
    r.cases.push_back(std::move(k));
}

}  // namespace

void softmax_entropy_cases(Registry& r) {
  for (const Shape& shape : {Shape{1, 2}, Shape{1, 1}, Shape{33, 19}, Shape{769, 19}, Shape{2, 19, 33, 3},
                             Shape{2051, 2}, Shape{257, 33}, Shape{65, 256}})
    add_all(r, {shape});
  // CUDA only: channels at a pitch, bf16 and f16, dense too (a pitch that equals the channels).
  for (DType t : {DType::f32, DType::bf16}) {
    add_all(r, {{3, 5, 7, 19}, t, 24});
    add_all(r, {{769, 19}, t, 24});
    add_all(r, {{77, 2}, t, 8});
    add_all(r, {{131, 33}, t, 40});
    add_all(r, {{65, 256}, t, 256});
    add_all(r, {{129, 19}, t, 19});
    add_all(r, {{65, 37}, t, 37});
  }
  add_all(r, {{3, 5, 7, 19}, DType::f16, 24});
  add_all(r, {{65, 37}, DType::f16, 37});
  r.cases.push_back(mean_case({{1, 2}, DType::f16, 8}));
  r.cases.push_back(mean_alone_case({{65, 37}, DType::f16, 37}));
  const Size typical{{769, 19}}, pitched{{769, 19}, DType::f32, 24};
  for (const Size& s : {typical, pitched}) {
    r.cases.push_back(entropy_grad_in_place_case(s));
    r.cases.push_back(information_grad_in_place_case(s));
    r.cases.push_back(mean_alone_case(s));
  }
  const Size large{{1, 512, 1024, 19}};
  for (Case k : {entropy_case(large), entropy_grad_case(large), information_case(large), information_grad_case(large),
                 mean_case(large)})
    r.cases.push_back(bench_only(std::move(k)));
  const Size large_bf16{{8, 512, 1024, 19}, DType::bf16, 24};
  for (Case k : {entropy_case(large_bf16), entropy_grad_case(large_bf16), information_case(large_bf16),
                 information_grad_case(large_bf16), mean_case(large_bf16)})
    r.cases.push_back(bench_only(std::move(k)));

  const std::vector<Array> small = {uniform({2, 3, 5}, -3, 3)};
  r.gradients.push_back({.op = "softmax_entropy",
                         .name = "2x3x5",
                         .inputs = small,
                         .forward = [](const std::vector<Array>& x) { return softmax_of(x[0]).entropy; },
                         .gradient = [](const std::vector<Array>& x,
                                        const Array& dy) { return std::vector<Array>{entropy_grad(x[0], dy)}; },
                         .op_call = [](Context& c, std::vector<Tensor>& x) { return softmax_entropy(c, x[0]); },
                         .longest_sum = 5});
  r.gradients.push_back({.op = "softmax_information",
                         .name = "2x3x5",
                         .inputs = small,
                         .forward = [](const std::vector<Array>& x) { return information(x[0]); },
                         .gradient = [](const std::vector<Array>& x,
                                        const Array& dy) { return std::vector<Array>{information_grad(x[0], dy)}; },
                         .op_call = [](Context& c, std::vector<Tensor>& x) { return softmax_information(c, x[0]); },
                         .longest_sum = 5});
  r.gradients.push_back({.op = "softmax_entropy_mean",
                         .name = "2x3x5",
                         .inputs = small,
                         .forward = [](const std::vector<Array>& x) { return mean(x[0]); },
                         .gradient =
                             [](const std::vector<Array>& x, const Array& dy) {
                               return std::vector<Array>{mean_grad(x[0], dy[0] / double(x[0].shape.pixels()))};
                             },
                         .op_call = [](Context& c, std::vector<Tensor>& x) { return softmax_entropy_mean(c, x[0]); },
                         .longest_sum = 30});
}

}  // namespace segue::cases
