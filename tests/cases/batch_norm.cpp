#include "kernels/batch_norm.h"

#include "norm_reference.h"
#include "runtime/ops.h"

namespace segue::cases {
namespace {

constexpr double kEps = 1e-5f;

struct Variant {
  bool relu = false, residual = false;
  double center = 0.3, spread = 1;
  const char* name = "";

  BatchNormOptions options() const { return {.relu = relu}; }
  double slope() const { return relu ? 0 : 1; }
};

std::string name_of(const Shape& shape, const Variant& v) {
  return case_name(shape) + (v.residual ? "_residual" : "") + (v.relu ? "_relu" : "") + v.name;
}

// x, gamma, beta, residual or nothing.
std::vector<Array> operands(const Shape& shape, const Variant& v) {
  const Shape channels{shape.channels()};
  return {around(shape, v.center, v.spread), uniform(channels, 0.5, 1.5, 2), uniform(channels, -1, 1, 3),
          v.residual ? uniform(shape, -1, 1, 4) : Array(Shape{0})};
}

std::vector<Buffer> buffers(const std::vector<Array>& arrays) {
  std::vector<Buffer> b;
  for (const Array& a : arrays) b.emplace_back(a, DType::f32);
  return b;
}

View view_or_none(Buffer& b) { return b.shape().count() ? b.view() : View(); }

Case train_case(const Shape& shape, const Variant& v, bool moves = true) {
  const int64_t c = shape.channels(), pixels = shape.pixels();
  const auto make = [=] {
    Io io{buffers(operands(shape, v)), {}};
    io.out = {Buffer(shape, DType::f32), Buffer({2, c}, DType::f32), Buffer({c}, DType::f32)};
    if (moves) {
      io.out.emplace_back(uniform({c}, -1, 1, 5), DType::f32);
      io.out.emplace_back(uniform({c}, 0.5, 2, 6), DType::f32);
    }
    return io;
  };
  const auto reference = [=](const Io& io) {
    const Array x = io.in[0].array();
    const GroupStatistics s(x, 1);
    const Array y = activated(norm_sum(x, s, io.in[1].array(), io.in[2].array(), io.in[3].array(), kEps), v.slope());
    std::vector<Array> want = {y, s.mean_pair({2, c}), s.rstds({c}, kEps)};
    if (!moves) return want;
    const double momentum = 0.1f, unbiased = pixels > 1 ? double(pixels) / double(pixels - 1) : 1;
    Array mean = io.out[3].array(), variance = io.out[4].array();
    for (int64_t k = 0; k < c; ++k) {
      mean[k] += momentum * (s.mean[size_t(k)] - mean[k]);
      variance[k] += momentum * (unbiased * s.variance[size_t(k)] - variance[k]);
    }
    want.push_back(mean);
    want.push_back(variance);
    return want;
  };
  const int64_t n = pixels;
  return {.op = "batch_norm_train",
          .name = name_of(shape, v) + (moves ? "" : "_replay"),
          .make = make,
          .cpu =
              [=](const CpuExec& e, Io& io) {
                kernels::batch_norm_train(e, io.in[0].view(), io.in[1].view(), io.in[2].view(), view_or_none(io.in[3]),
                                          io.out[0].view(), io.out[1].view(), io.out[2].view(),
                                          moves ? io.out[3].view() : View(), moves ? io.out[4].view() : View(),
                                          v.options());
              },
          .reference = reference,
          .longest_sum = moves ? std::vector<int64_t>{n, n, n, n, n} : std::vector<int64_t>{n, n, n},
          .bytes = (12.0 + 4 * v.residual) * double(shape.count())};
}

// dx in place of dy where there is no residual, else dresidual: how the tape calls it.
Case train_grad_case(const Shape& shape, const Variant& v, bool y_given, bool parameters = true) {
  const int64_t c = shape.channels();
  const auto make = [=] {
    std::vector<Array> in = operands(shape, v);
    const GroupStatistics s(in[0], 1);
    // x off the bend of the activation, where rounding decides.
    for (int64_t i = 0; !y_given && i < in[0].count(); ++i) {
      const int64_t k = i % c;
      const double slope = in[1][k] * s.rstd(size_t(k), kEps),
                   value = (in[0][i] - s.mean[size_t(k)]) * slope + in[2][k];
      if (std::abs(value) < 0.01) in[0][i] += (value < 0 ? -0.1 : 0.1) / slope;
    }
    const Array y = activated(norm_sum(in[0], s, in[1], in[2], in[3], kEps), v.slope());
    Io io{buffers({in[0], y, in[1], in[2], s.mean_pair({2, c}), s.rstds({c}, kEps)}), {}};
    const Array dy = uniform(shape, -1, 1, 7);
    io.out = {Buffer(dy, DType::f32)};  // becomes dx, or with a residual dresidual
    if (v.residual) io.out.emplace_back(shape, DType::f32);
    if (parameters) {
      io.out.emplace_back(Shape{c}, DType::f32);
      io.out.emplace_back(uniform({c}, -1, 1, 8), DType::f32);  // accumulated
    }
    return io;
  };
  const auto reference = [=](const Io& io) {
    const Array x = io.in[0].array();
    const Array g = masked(io.out[0].array(), io.in[1].array(), v.slope());
    NormGradient r = norm_gradient(g, x, GroupStatistics(x, 1), pair_sum(io.in[4].array()), io.in[5].array().v,
                                   io.in[2].array(), false);
    std::vector<Array> want = {v.residual ? g : r.dx};
    if (v.residual) want.push_back(r.dx);
    if (!parameters) return want;
    const Array before = io.out.back().array();
    for (int64_t k = 0; k < c; ++k) r.dbeta[k] += before[k];
    want.push_back(r.dgamma);
    want.push_back(r.dbeta);
    return want;
  };
  return {.op = "batch_norm_grad",
          .name = name_of(shape, v) + (y_given ? "_y" : "") + (parameters ? "" : "_frozen"),
          .make = make,
          .cpu =
              [=](const CpuExec& e, Io& io) {
                const View dy = io.out[0].view(), gamma = parameters ? io.out[io.out.size() - 2].view() : View();
                const View beta = parameters ? io.out.back().view() : View();
                kernels::batch_norm_grad(e, dy, io.in[0].view(), y_given ? io.in[1].view() : View(), io.in[2].view(),
                                         io.in[3].view(), io.in[4].view(), io.in[5].view(),
                                         v.residual ? io.out[1].view() : dy, gamma, false, beta, true,
                                         v.residual ? dy : View(), v.options());
              },
          .reference = reference,
          .longest_sum = {shape.pixels() + 1},
          .bytes = (20.0 + (v.residual ? 8.0 : 0.0)) * double(shape.count())};
}

Case infer_case(const Shape& shape, const Variant& v) {
  const Shape channels{shape.channels()};
  return {
      .op = "batch_norm_infer",
      .name = name_of(shape, v),
      .make =
          [=] {
            Io io{buffers(operands(shape, v)), {Buffer(shape, DType::f32)}};
            io.in.emplace_back(uniform(channels, v.center - 1, v.center + 1, 5), DType::f32);
            io.in.emplace_back(uniform(channels, 0, 2, 6), DType::f32);
            return io;
          },
      .cpu =
          [=](const CpuExec& e, Io& io) {
            kernels::batch_norm_infer(e, io.in[0].view(), io.in[1].view(), io.in[2].view(), io.in[4].view(),
                                      io.in[5].view(), view_or_none(io.in[3]), io.out[0].view(), v.options());
          },
      .reference =
          [=](const Io& io) {
            const GroupStatistics s(io.in[4].array(), io.in[5].array());
            return std::vector<Array>{activated(
                norm_sum(io.in[0].array(), s, io.in[1].array(), io.in[2].array(), io.in[3].array(), kEps), v.slope())};
          },
      .bytes = (8.0 + 4 * v.residual) * double(shape.count())};
}

// The activation's bend from y, given exactly, so that no rounding decides.
Case infer_grad_case(const Shape& shape, const Variant& v) {
  const Shape channels{shape.channels()};
  return {.op = "batch_norm_infer_grad",
          .name = name_of(shape, v),
          .make =
              [=] {
                Io io{buffers(operands(shape, v)), {}};
                io.in.emplace_back(uniform(channels, v.center - 1, v.center + 1, 5), DType::f32);
                io.in.emplace_back(uniform(channels, 0, 2, 6), DType::f32);
                io.in.emplace_back(uniform(shape, -1, 1, 9), DType::f32);
                io.out = {Buffer(uniform(shape, -1, 1, 7), DType::f32), Buffer(shape, DType::f32),
                          Buffer(uniform(channels, -1, 1, 8), DType::f32), Buffer(channels, DType::f32)};
                return io;
              },
          .cpu =
              [=](const CpuExec& e, Io& io) {
                const View dy = io.out[0].view();
                kernels::batch_norm_infer_grad(e, dy, io.in[0].view(), io.in[6].view(), io.in[1].view(),
                                               io.in[2].view(), io.in[4].view(), io.in[5].view(), io.out[1].view(),
                                               io.out[2].view(), true, io.out[3].view(), false, dy, v.options());
              },
          .reference =
              [=](const Io& io) {
                const Array x = io.in[0].array(), g = masked(io.out[0].array(), io.in[6].array(), v.slope());
                const GroupStatistics s(io.in[4].array(), io.in[5].array());
                NormGradient r = norm_gradient(g, x, s, s.mean, s.rstds(channels, kEps).v, io.in[1].array(), true);
                const Array before = io.out[2].array();
                for (int64_t k = 0; k < before.count(); ++k) r.dgamma[k] += before[k];
                return std::vector<Array>{g, r.dx, r.dgamma, r.dbeta};
              },
          .longest_sum = {shape.pixels() + 1},
          .bytes = 16.0 * double(shape.count())};
}

GradientCase gradient_case(const Shape& shape, const Variant& v, bool training) {
  const Shape channels{shape.channels()};
  const Array running_mean = uniform(channels, -0.5, 0.5, 5), running_var = uniform(channels, 0.5, 2, 6);
  const auto statistics = [=](const Array& x) {
    return training ? GroupStatistics(x, 1) : GroupStatistics(running_mean, running_var);
  };
  const auto sum = [=](const std::vector<Array>& in) {
    return norm_sum(in[0], statistics(in[0]), in[1], in[2], v.residual ? in[3] : Array(Shape{0}), kEps);
  };
  const auto make = [=](uint64_t salt) {
    std::vector<Array> in = {uniform(shape, v.center - v.spread, v.center + v.spread, salt),
                             uniform(channels, 0.5, 1.5, salt + 1), uniform(channels, -1, 1, salt + 2)};
    if (v.residual) in.push_back(uniform(shape, -1, 1, salt + 3));
    return in;
  };
  return {.op = "batch_norm",
          .name = name_of(shape, v) + (training ? "" : "_infer"),
          .inputs = away_from_bend(make, sum),
          .forward = [=](const std::vector<Array>& in) { return activated(sum(in), v.slope()); },
          .gradient =
              [=](const std::vector<Array>& in, const Array& dy) {
                const Array g = masked(dy, sum(in), v.slope());
                const GroupStatistics s = statistics(in[0]);
                const NormGradient r = norm_gradient(g, in[0], s, s.mean, s.rstds(channels, kEps).v, in[1], !training);
                std::vector<Array> grads = {r.dx, r.dgamma, r.dbeta};
                if (v.residual) grads.push_back(g);
                return grads;
              },
          .op_call =
              [=](Context& c, std::vector<Tensor>& in) {
                const Tensor mean = c.empty(channels), variance = c.empty(channels);
                from_host(mean, std::vector<float>(running_mean.v.begin(), running_mean.v.end()));
                from_host(variance, std::vector<float>(running_var.v.begin(), running_var.v.end()));
                return batch_norm(c, in[0], {in[1], in[2], mean, variance}, v.residual ? in[3] : Tensor(), training,
                                  v.options());
              },
          .longest_sum = shape.pixels()};
}

}  // namespace

void batch_norm_cases(Registry& r) {
  const Variant plain, relu{.relu = true}, residual{.residual = true}, both{.relu = true, .residual = true};
  for (const Shape& shape : {Shape{1, 1, 1, 1}, Shape{1, 1, 1, 256}, Shape{3, 1, 1, 19}, Shape{1, 1, 33, 3},
                             Shape{1, 1, 769, 1}, Shape{2, 5, 7, 48}, Shape{3, 17, 33, 64}, Shape{1, 769, 1, 19},
                             Shape{2, 13, 11, 304}, Shape{1, 3, 3, 2048}, Shape{769, 33}}) {
    for (const Variant& v : {plain, relu, residual, both}) {
      r.cases.push_back(train_case(shape, v));
      r.cases.push_back(train_grad_case(shape, v, true));
      r.cases.push_back(infer_case(shape, v));
      r.cases.push_back(infer_grad_case(shape, v));
    }
    // With one pixel there is no x beside the mean.
    if (shape.pixels() > 1) r.cases.push_back(train_grad_case(shape, relu, false));
  }
  // Means far from zero: in deviations 100, 10^4, and the other way round.
  const Variant far[] = {{.relu = true, .residual = true, .center = 100, .name = "_far"},
                         {.center = 100, .spread = 1e-2, .name = "_very_far"},
                         {.center = -1e4, .name = "_negative"},
                         {.center = 1e-3, .spread = 1e3, .name = "_wide"}};
  for (const Shape& shape : {Shape{1, 33, 31, 3}, Shape{3, 17, 33, 64}, Shape{1, 3, 3, 2048}})
    for (const Variant& v : far) {
      r.cases.push_back(train_case(shape, v));
      r.cases.push_back(train_grad_case(shape, v, true));
    }
  r.cases.push_back(train_case({2, 5, 7, 48}, both, false));
  for (const Variant& v : {plain, relu, both}) r.cases.push_back(train_grad_case({2, 5, 7, 48}, v, true, false));

  for (const Shape& shape :
       {Shape{4, 64, 128, 64}, Shape{4, 32, 64, 256}, Shape{4, 8, 16, 2048}, Shape{4, 32, 64, 48}}) {
    r.cases.push_back(bench_only(train_case(shape, relu)));
    r.cases.push_back(bench_only(train_case(shape, both)));
    r.cases.push_back(bench_only(train_grad_case(shape, relu, false)));
    r.cases.push_back(bench_only(train_grad_case(shape, both, true)));
    r.cases.push_back(bench_only(infer_case(shape, both)));
  }
  for (const Variant& v : {plain, relu, residual, both})
    for (bool training : {true, false}) r.gradients.push_back(gradient_case({2, 3, 4, 3}, v, training));
  r.gradients.push_back(gradient_case({2, 3, 4, 3}, {.relu = true, .center = 1e3, .name = "_far"}, true));
}

}  // namespace segue::cases
