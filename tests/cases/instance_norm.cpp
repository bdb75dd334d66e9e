#include "kernels/instance_norm.h"

#include "norm_reference.h"
#include "reflect_reference.h"
#include "runtime/ops.h"

namespace segue::cases {
namespace {

constexpr double kEps = 1e-5f;

struct Variant {
  float slope = 1;
  bool residual = false;
  double center = 0.3, spread = 1;
  const char* name = "";
  int64_t pad = 0, residual_pad = 0;

  InstanceNormOptions options() const { return {.slope = slope, .pad = pad, .residual_pad = residual_pad}; }
  Variant with_pads(int64_t p, int64_t r) const {
    Variant v = *this;
    v.pad = p;
    v.residual_pad = residual ? r : 0;
    return v;
  }
};

std::string name_of(const Shape& shape, const Variant& v, const Format& f = {}) {
  return f.name(shape) + (v.residual ? "_residual" : "") +
         (v.slope == 0   ? "_relu"
          : v.slope != 1 ? "_leaky"
                         : "") +
         v.name + (v.pad ? "_pad" + std::to_string(v.pad) : "") +
         (v.residual_pad ? "_of" + std::to_string(v.residual_pad) : "");
}

// With its border, whose values nobody reads.
Array residual_of(const Shape& shape, const Variant& v) {
  return v.residual ? uniform(padded(shape, v.residual_pad), -1, 1, 4) : Array(Shape{0});
}
Array inner_residual(const Array& residual, const Shape& shape, const Variant& v) {
  return v.residual ? inner(residual, shape, v.residual_pad) : Array(Shape{0});
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
                          {f(padded(shape, v.pad)), Buffer(pair, DType::f32), Buffer(single, DType::f32)}};
              },
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference =
              [=](const Io& io) {
                const Array x = io.in[0].array();
                const GroupStatistics s(x, shape[0]);
                const Array added = inner_residual(io.in[1].array(), shape, v);
                const Array y = activated(norm_sum(x, s, {}, {}, added, kEps), v.slope);
                return std::vector<Array>{reflected(y, v.pad), s.mean_pair(pair), s.rstds(single, kEps)};
              },
          .longest_sum = {shape[1] * shape[2]},
          .bytes = double(((2 + v.residual) * shape.count() + padded(shape, v.pad).count()) * f.bytes())};
}

// dx or dresidual in place of dy where the tape calls it so: dresidual where the borders are equal, else dx where dy has
// none. With both dresidual is the first output.
Case grad_case(const Shape& shape, const Variant& v, bool y_given, const Format& f = {}) {
  const int64_t c = shape[3];
  const bool dresidual_in_place = v.residual && v.pad == v.residual_pad;
  const bool dx_in_place = !dresidual_in_place && v.pad == 0;
  const auto make = [=] {
    Array x = f(around(shape, v.center, v.spread)).array();
    const GroupStatistics s(x, shape[0]);
    // x off the bend of the activation, where rounding decides.
    for (int64_t i = 0; !y_given && i < x.count(); ++i) {
      const size_t k = s.at(x, i);
      const double value = (x[i] - s.mean[k]) * s.rstd(k, kEps);
      if (std::abs(value) < 0.01) x[i] += (value < 0 ? -0.1 : 0.1) / s.rstd(k, kEps);
    }
    const Array added = inner_residual(residual_of(shape, v), shape, v);
    const Array y = activated(norm_sum(f(x).array(), s, {}, {}, added, kEps), v.slope);
    Io io{{f(x), f(reflected(y, v.pad))}, {}};
    for (const Array& a : {s.mean_pair({2, shape[0], c}), s.rstds({shape[0], c}, kEps)})
      io.in.emplace_back(a, DType::f32);
    const Buffer dy = f(uniform(padded(shape, v.pad), -1, 1, 7));
    if (v.residual) io.out.push_back(dresidual_in_place ? dy : f(padded(shape, v.residual_pad)));
    io.out.push_back(dx_in_place ? dy : f(shape));
    if (!dx_in_place && !dresidual_in_place) io.in.push_back(dy);
    return io;
  };
  const auto dy_of = [=](auto& io) -> auto& {
    return dresidual_in_place ? io.out.front() : dx_in_place ? io.out.back() : io.in.back();
  };
  const auto call = [=](const auto& e, Io& io) {
    kernels::instance_norm_grad(e, dy_of(io).view(), io.in[0].view(), y_given ? io.in[1].view() : View(),
                                io.in[2].view(), io.in[3].view(), io.out.back().view(),
                                v.residual ? io.out.front().view() : View(), v.options());
  };
  const auto reference = [=](const Io& io) {
    const Array x = io.in[0].array(), y = inner(io.in[1].array(), shape, v.pad);
    const Array g = masked(folded(dy_of(io).array(), shape, v.pad), y, v.slope);
    const NormGradient r =
        norm_gradient(g, x, GroupStatistics(x, shape[0]), pair_sum(io.in[2].array()), io.in[3].array().v, {}, false);
    if (v.residual) return std::vector<Array>{with_zero_border(g, v.residual_pad), r.dx};
    return std::vector<Array>{r.dx};
  };
  return {.op = "instance_norm_grad",
          .name = name_of(shape, v, f) + (y_given ? "_y" : ""),
          .make = make,
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference = reference,
          .longest_sum = {shape[1] * shape[2]},
          .bytes = double((2 * padded(shape, v.pad).count() + 3 * shape.count() +
                           (v.residual && v.slope != 1 ? 2 * shape.count() : 0) +
                           (v.residual && v.residual_pad > 0 ? padded(shape, v.residual_pad).count() : 0)) *
                          f.bytes())};
}

/// dresidual alone, beside dy or in its place.
Case residual_grad_case(const Shape& shape, const Variant& v, bool in_place, const Format& f = {}) {
  const auto call = [=](const auto& e, Io& io) {
    const View dresidual = io.out[0].view();
    kernels::instance_norm_grad(e, in_place ? dresidual : io.in.back().view(), io.in[0].view(), io.in[1].view(),
                                io.in[2].view(), io.in[3].view(), View(), dresidual, v.options());
  };
  return {.op = "instance_norm_grad",
          .name = name_of(shape, v, f) + (in_place ? "_alone_in_place" : "_alone"),
          .make =
              [=] {
                const Array x = f(around(shape, v.center, v.spread)).array();
                const Array dy = uniform(padded(shape, v.pad), -1, 1, 7);
                const GroupStatistics s(x, shape[0]);
                Io io{{f(x), f(uniform(padded(shape, v.pad), -1, 1, 6)),
                       Buffer(s.mean_pair({2, shape[0], shape[3]}), DType::f32),
                       Buffer(s.rstds({shape[0], shape[3]}, kEps), DType::f32)},
                      {in_place ? f(dy) : f(padded(shape, v.residual_pad))}};
                if (!in_place) io.in.push_back(f(dy));
                return io;
              },
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference =
              [=](const Io& io) {
                const Array dy = folded((in_place ? io.out[0] : io.in.back()).array(), shape, v.pad);
                const Array g = masked(dy, inner(io.in[1].array(), shape, v.pad), v.slope);
                return std::vector<Array>{with_zero_border(g, v.residual_pad)};
              },
          .longest_sum = {v.pad ? 9 : 1},
          .bytes = 3.0 * double(shape.count() * f.bytes())};
}

GradientCase gradient_case(const Shape& shape, const Variant& v) {
  const auto sum = [=](const std::vector<Array>& in) {
    const Array added = v.residual ? inner_residual(in[1], shape, v) : Array(Shape{0});
    return norm_sum(in[0], GroupStatistics(in[0], shape[0]), {}, {}, added, kEps);
  };
  const auto make = [=](uint64_t salt) {
    std::vector<Array> in = {uniform(shape, v.center - v.spread, v.center + v.spread, salt)};
    if (v.residual) in.push_back(uniform(padded(shape, v.residual_pad), -1, 1, salt + 1));
    return in;
  };
  return {
      .op = "instance_norm",
      .name = name_of(shape, v),
      .inputs = away_from_bend(make, sum),
      .forward = [=](const std::vector<Array>& in) { return reflected(activated(sum(in), v.slope), v.pad); },
      .gradient =
          [=](const std::vector<Array>& in, const Array& dy) {
            const Array g = masked(folded(dy, shape, v.pad), sum(in), v.slope);
            const GroupStatistics s(in[0], shape[0]);
            const NormGradient r = norm_gradient(g, in[0], s, s.mean, s.rstds({shape[0], shape[3]}, kEps).v, {}, false);
            if (v.residual) return std::vector<Array>{r.dx, with_zero_border(g, v.residual_pad)};
            return std::vector<Array>{r.dx};
          },
      .op_call =
          [=](Context& c, std::vector<Tensor>& in) {
            return instance_norm(c, in[0], v.residual ? in[1] : Tensor(), v.options());
          },
      .longest_sum = shape[1] * shape[2]};
}

// Borders, of the smallest images that can have them and of larger ones: equal ones, different ones, and one alone.
void bordered_cases(Registry& r, const std::vector<Variant>& variants) {
  struct Size {
    Shape shape;
    int64_t pad, residual_pad;
  };
  const auto add_all = [&](const Size& size, const Format& f) {
    for (const Variant& variant : variants) {
      const Variant v = variant.with_pads(size.pad, size.residual_pad);
      if (v.pad == 0 && v.residual_pad == 0) continue;
      r.cases.push_back(forward_case(size.shape, v, f));
      r.cases.push_back(grad_case(size.shape, v, true, f));
      if (!v.residual && v.slope != 1) r.cases.push_back(grad_case(size.shape, v, false, f));
      if (!v.residual) continue;
      r.cases.push_back(residual_grad_case(size.shape, v, false, f));
      if (v.pad == v.residual_pad) r.cases.push_back(residual_grad_case(size.shape, v, true, f));
    }
  };
  for (const Size& size : {Size{{2, 2, 2, 3}, 1, 1}, Size{{1, 4, 9, 5}, 3, 1}, Size{{2, 4, 4, 19}, 3, 3},
                           Size{{1, 2, 9, 1}, 1, 0}, Size{{3, 5, 7, 48}, 0, 1}, Size{{1, 33, 17, 19}, 3, 0},
                           Size{{1, 769, 9, 3}, 1, 1}, Size{{2, 13, 11, 64}, 2, 1}, Size{{1, 5, 3, 304}, 1, 2}})
    add_all(size, {});
  for (const Format& f : kCudaFormats)
    for (const Size& size : {Size{{2, 19, 17, 19}, 1, 1}, Size{{2, 33, 19, 3}, 3, 1}, Size{{1, 5, 7, 260}, 0, 1},
                             Size{{3, 4, 4, 33}, 3, 3}})
      add_all(size, f);
  for (const Format& f : kOddFormats) add_all({{2, 7, 11, 19}, 2, 2}, f);

  // CycleGAN at 1x256x256: inside the residual blocks, and in front of the last layer.
  const Variant relu{.slope = 0}, residual{.residual = true};
  for (const Case& c :
       {forward_case({1, 64, 64, 256}, relu.with_pads(1, 0), kCudaFormats[1]),
        forward_case({1, 64, 64, 256}, residual.with_pads(1, 1), kCudaFormats[1]),
        forward_case({1, 256, 256, 64}, relu.with_pads(3, 0), kCudaFormats[1]),
        grad_case({1, 64, 64, 256}, relu.with_pads(1, 0), false, kCudaFormats[1]),
        grad_case({1, 64, 64, 256}, residual.with_pads(1, 1), false, kCudaFormats[1]),
        grad_case({1, 256, 256, 64}, relu.with_pads(3, 0), false, kCudaFormats[1]),
        forward_case({1, 32, 32, 256}, relu.with_pads(1, 0)), forward_case({1, 32, 32, 256}, residual.with_pads(1, 1)),
        grad_case({1, 32, 32, 256}, relu.with_pads(1, 0), false),
        grad_case({1, 32, 32, 256}, residual.with_pads(1, 1), false)})
    r.cases.push_back(bench_only(c));
  for (const Variant& v : variants) {
    r.gradients.push_back(gradient_case({2, 3, 4, 3}, v.with_pads(1, 1)));
    r.gradients.push_back(gradient_case({1, 4, 4, 2}, v.with_pads(3, 0)));
    if (v.residual) r.gradients.push_back(gradient_case({1, 3, 4, 2}, v.with_pads(0, 2)));
    if (v.residual) r.gradients.push_back(gradient_case({1, 3, 4, 2}, v.with_pads(2, 1)));
  }
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
  bordered_cases(r, {plain, relu, leaky, residual, both, leaky_both});
  for (const Variant& v : {plain, relu, leaky, residual, both, leaky_both})
    r.gradients.push_back(gradient_case({2, 3, 4, 3}, v));
  r.gradients.push_back(gradient_case({2, 3, 4, 3}, {.slope = 0, .center = 1e3, .name = "_far"}));
}

}  // namespace segue::cases
