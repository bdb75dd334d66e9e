#include "kernels/instance_norm.h"

#include "norm_reference.h"
#include "runtime/ops.h"

namespace segue::cases {
namespace {

constexpr double kEps = 1e-5f;

struct Variant {
  float slope = 1;
  bool residual = false;
  double center = 0.3, spread = 1;
  const char* name = "";

  InstanceNormOptions options() const { return {.slope = slope}; }
};

std::string name_of(const Shape& shape, const Variant& v, const Format& f = {}) {
  return f.name(shape) + (v.residual ? "_residual" : "") +
         (v.slope == 0   ? "_relu"
          : v.slope != 1 ? "_leaky"
                         : "") +
         v.name;
}

Array residual_of(const Shape& shape, const Variant& v) {
  return v.residual ? uniform(shape, -1, 1, 4) : Array(Shape{0});
}

Case forward_case(const Shape& shape, const Variant& v, const Format& f = {}) {
  const Shape pair{2, shape[0], shape[3]}, single{shape[0], shape[3]};
  const auto call = [=](const auto& e, Io& io) {
    kernels::instance_norm(e, io.in[0].view(), v.residual ? io.in[1].view() : View(), io.out[0].view(),
                           io.out[1].view(), io.out[2].view(), v.options());
  };
  return {.op = "instance_norm",
          .name = name_of(shape, v, f),
          .make =
              [=] {
                return Io{{f(around(shape, v.center, v.spread)), f(residual_of(shape, v))},
                          {f(shape), Buffer(pair, DType::f32), Buffer(single, DType::f32)}};
              },
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference =
              [=](const Io& io) {
                const Array x = io.in[0].array();
                const GroupStatistics s(x, shape[0]);
                return std::vector<Array>{activated(norm_sum(x, s, {}, {}, io.in[1].array(), kEps), v.slope),
                                          s.mean_pair(pair), s.rstds(single, kEps)};
              },
          .longest_sum = {shape[1] * shape[2]},
          .bytes = (3.0 + v.residual) * double(shape.count() * f.bytes())};
}

// dx in place of dy where there is no residual, else dresidual: how the tape calls it.
Case grad_case(const Shape& shape, const Variant& v, bool y_given, const Format& f = {}) {
  const int64_t c = shape[3];
  const auto make = [=] {
    Array x = f(around(shape, v.center, v.spread)).array();
    const GroupStatistics s(x, shape[0]);
    // x off the bend of the activation, where rounding decides.
    for (int64_t i = 0; !y_given && i < x.count(); ++i) {
      const size_t k = s.at(x, i);
      const double value = (x[i] - s.mean[k]) * s.rstd(k, kEps);
      if (std::abs(value) < 0.01) x[i] += (value < 0 ? -0.1 : 0.1) / s.rstd(k, kEps);
    }
    const Array y = activated(norm_sum(f(x).array(), s, {}, {}, residual_of(shape, v), kEps), v.slope);
    Io io{{f(x), f(y)}, {f(uniform(shape, -1, 1, 7))}};
    for (const Array& a : {s.mean_pair({2, shape[0], c}), s.rstds({shape[0], c}, kEps)})
      io.in.emplace_back(a, DType::f32);
    if (v.residual) io.out.push_back(f(shape));
    return io;
  };
  const auto call = [=](const auto& e, Io& io) {
    const View dy = io.out[0].view();
    kernels::instance_norm_grad(e, dy, io.in[0].view(), y_given ? io.in[1].view() : View(), io.in[2].view(),
                                io.in[3].view(), v.residual ? io.out[1].view() : dy, v.residual ? dy : View(),
                                v.options());
  };
  const auto reference = [=](const Io& io) {
    const Array x = io.in[0].array(), g = masked(io.out[0].array(), io.in[1].array(), v.slope);
    const NormGradient r =
        norm_gradient(g, x, GroupStatistics(x, shape[0]), pair_sum(io.in[2].array()), io.in[3].array().v, {}, false);
    if (v.residual) return std::vector<Array>{g, r.dx};
    return std::vector<Array>{r.dx};
  };
  return {.op = "instance_norm_grad",
          .name = name_of(shape, v, f) + (y_given ? "_y" : ""),
          .make = make,
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference = reference,
          .longest_sum = {shape[1] * shape[2]},
          .bytes = (5.0 + (v.residual && v.slope != 1 ? 2.0 : 0.0)) * double(shape.count() * f.bytes())};
}

/// dresidual alone, beside dy or in its place.
Case residual_grad_case(const Shape& shape, const Variant& v, bool in_place, const Format& f = {}) {
  const auto call = [=](const auto& e, Io& io) {
    const View dresidual = io.out[0].view();
    kernels::instance_norm_grad(e, in_place ? dresidual : io.in[4].view(), io.in[0].view(), io.in[1].view(),
                                io.in[2].view(), io.in[3].view(), View(), dresidual, v.options());
  };
  return {.op = "instance_norm_grad",
          .name = name_of(shape, v, f) + (in_place ? "_alone_in_place" : "_alone"),
          .make =
              [=] {
                const Array x = f(around(shape, v.center, v.spread)).array(), dy = uniform(shape, -1, 1, 7);
                const GroupStatistics s(x, shape[0]);
                Io io{{f(x), f(uniform(shape, -1, 1, 6)), Buffer(s.mean_pair({2, shape[0], shape[3]}), DType::f32),
                       Buffer(s.rstds({shape[0], shape[3]}, kEps), DType::f32)},
                      {in_place ? f(dy) : f(shape)}};
                if (!in_place) io.in.push_back(f(dy));
                return io;
              },
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference =
              [=](const Io& io) {
                const Array dy = (in_place ? io.out[0] : io.in[4]).array();
                return std::vector<Array>{masked(dy, io.in[1].array(), v.slope)};
              },
          .bytes = 3.0 * double(shape.count() * f.bytes())};
}

GradientCase gradient_case(const Shape& shape, const Variant& v) {
  const auto sum = [=](const std::vector<Array>& in) {
    return norm_sum(in[0], GroupStatistics(in[0], shape[0]), {}, {}, v.residual ? in[1] : Array(Shape{0}), kEps);
  };
  const auto make = [=](uint64_t salt) {
    std::vector<Array> in = {uniform(shape, v.center - v.spread, v.center + v.spread, salt)};
    if (v.residual) in.push_back(uniform(shape, -1, 1, salt + 1));
    return in;
  };
  return {
      .op = "instance_norm",
      .name = name_of(shape, v),
      .inputs = away_from_bend(make, sum),
      .forward = [=](const std::vector<Array>& in) { return activated(sum(in), v.slope); },
      .gradient =
          [=](const std::vector<Array>& in, const Array& dy) {
            const Array g = masked(dy, sum(in), v.slope);
            const GroupStatistics s(in[0], shape[0]);
            const NormGradient r = norm_gradient(g, in[0], s, s.mean, s.rstds({shape[0], shape[3]}, kEps).v, {}, false);
            if (v.residual) return std::vector<Array>{r.dx, g};
            return std::vector<Array>{r.dx};
          },
      .op_call =
          [=](Context& c, std::vector<Tensor>& in) {
            return instance_norm(c, in[0], v.residual ? in[1] : Tensor(), v.options());
          },
      .longest_sum = shape[1] * shape[2]};
}

}  // namespace

void instance_norm_cases(Registry& r) {
  const Variant plain, relu{.slope = 0}, leaky{.slope = 0.2f}, residual{.residual = true},
      both{.slope = 0, .residual = true}, leaky_both{.slope = 0.2f, .residual = true};
  for (const Shape& shape : {Shape{1, 1, 1, 1}, Shape{3, 1, 1, 19}, Shape{2, 1, 33, 3}, Shape{1, 1, 769, 1},
                             Shape{3, 5, 7, 48}, Shape{2, 17, 33, 64}, Shape{1, 769, 1, 19}, Shape{2, 13, 11, 304}}) {
    for (const Variant& v : {plain, relu, leaky, residual, both, leaky_both}) {
      const bool all_devices = shape.count() < 10000 || (v.residual && v.slope == 0);
      for (Case c : {forward_case(shape, v), grad_case(shape, v, true)})
        r.cases.push_back(all_devices ? std::move(c) : cpu_only(std::move(c)));
    }
    // At one pixel every value lies on the bend.
    if (shape[1] * shape[2] > 1)
      for (const Variant& v : {relu, leaky}) r.cases.push_back(grad_case(shape, v, false));
  }
  // CUDA only: as the runtime calls it, and at pitches that allow no vector access.
  for (const Format& f : kCudaFormats) {
    for (const Variant& v : {plain, relu, leaky, residual, both, leaky_both}) {
      r.cases.push_back(forward_case({3, 17, 13, 19}, v, f));
      r.cases.push_back(grad_case({3, 17, 13, 19}, v, true, f));
    }
    for (const Variant& v : {relu, leaky}) r.cases.push_back(grad_case({3, 17, 13, 19}, v, false, f));
    for (const Shape& shape : {Shape{2, 19, 33, 3}, Shape{2, 1, 1, 19}, Shape{1, 5, 7, 260}}) {
      r.cases.push_back(forward_case(shape, both, f));
      r.cases.push_back(grad_case(shape, both, true, f));
    }
  }
  for (const Format& f : kOddFormats) {
    r.cases.push_back(forward_case({2, 19, 33, 19}, leaky_both, f));
    r.cases.push_back(grad_case({2, 19, 33, 19}, leaky_both, true, f));
    r.cases.push_back(grad_case({2, 19, 33, 19}, relu, false, f));
    r.cases.push_back(residual_grad_case({2, 19, 33, 19}, leaky_both, false, f));
  }
  for (const Variant& v : {residual, both, leaky_both})
    for (const bool in_place : {false, true}) r.cases.push_back(residual_grad_case({3, 5, 7, 48}, v, in_place));
  const Variant far[] = {{.slope = 0, .residual = true, .center = 100, .name = "_far"},
                         {.center = 100, .spread = 1e-2, .name = "_very_far"},
                         {.center = -1e4, .name = "_negative"}};
  for (const Shape& shape : {Shape{2, 33, 31, 3}, Shape{2, 17, 33, 20}})
    for (const Variant& v : far) {
      r.cases.push_back(forward_case(shape, v));
      r.cases.push_back(grad_case(shape, v, true));
    }
  for (const Shape& shape : {Shape{1, 128, 128, 64}, Shape{1, 64, 64, 128}, Shape{1, 32, 32, 256}}) {
    r.cases.push_back(bench_only(forward_case(shape, relu)));
    r.cases.push_back(bench_only(forward_case(shape, residual)));
    r.cases.push_back(bench_only(grad_case(shape, relu, false)));
    r.cases.push_back(bench_only(grad_case(shape, residual, false)));
  }
  // The residual blocks and the outermost layers of CycleGAN at 1x256x256.
  for (const Shape& shape : {Shape{1, 64, 64, 256}, Shape{1, 256, 256, 64}}) {
    r.cases.push_back(bench_only(forward_case(shape, relu, kCudaFormats[1])));
    r.cases.push_back(bench_only(forward_case(shape, residual, kCudaFormats[1])));
    r.cases.push_back(bench_only(grad_case(shape, relu, false, kCudaFormats[1])));
    r.cases.push_back(bench_only(grad_case(shape, residual, false, kCudaFormats[1])));
  }
  for (const Variant& v : {plain, relu, leaky, residual, both, leaky_both})
    r.gradients.push_back(gradient_case({2, 3, 4, 3}, v));
  r.gradients.push_back(gradient_case({2, 3, 4, 3}, {.slope = 0, .center = 1e3, .name = "_far"}));
}

}  // namespace segue::cases
