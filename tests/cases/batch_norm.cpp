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
  double first_pixel = 0;  ///< added to it: an outlier where kernels start to sum

  BatchNormOptions options() const { return {.relu = relu}; }
  double slope() const { return relu ? 0 : 1; }
};

std::string name_of(const Shape& shape, const Variant& v, const Format& f) {
  return f.name(shape) + (v.residual ? "_residual" : "") + (v.relu ? "_relu" : "") + v.name;
}

// x, gamma, beta, residual or nothing, as the format rounds them.
std::vector<Array> operands(const Shape& shape, const Variant& v, const Format& f) {
  const Shape channels{shape.channels()};
  Array x = around(shape, v.center, v.spread);
  for (int64_t c = 0; c < shape.channels(); ++c) x[c] += v.first_pixel;
  return {f(x).array(), uniform(channels, 0.5, 1.5, 2), uniform(channels, -1, 1, 3),
          v.residual ? f(uniform(shape, -1, 1, 4)).array() : Array(Shape{0})};
}

// The same as buffers: images in the format, parameters in f32.
std::vector<Buffer> buffers(const std::vector<Array>& o, const Format& f) {
  return {f(o[0]), Buffer(o[1], DType::f32), Buffer(o[2], DType::f32), f(o[3])};
}

View view_or_none(Buffer& b) { return b.shape().count() ? b.view() : View(); }

Case train_case(const Shape& shape, const Variant& v, const Format& f = {}, bool moves = true) {
  const int64_t c = shape.channels(), pixels = shape.pixels();
  const auto make = [=] {
    Io io{buffers(operands(shape, v, f), f), {}};
    io.out = {f(shape), Buffer({2, c}, DType::f32), Buffer({c}, DType::f32)};
    if (moves) {
      io.out.emplace_back(uniform({c}, -1, 1, 5), DType::f32);
      io.out.emplace_back(uniform({c}, 0.5, 2, 6), DType::f32);
    }
    return io;
  };
  const auto call = [=](const auto& e, Io& io) {
    kernels::batch_norm_train(e, io.in[0].view(), io.in[1].view(), io.in[2].view(), view_or_none(io.in[3]),
                              io.out[0].view(), io.out[1].view(), io.out[2].view(), moves ? io.out[3].view() : View(),
                              moves ? io.out[4].view() : View(), v.options());
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
          .name = name_of(shape, v, f) + (moves ? "" : "_replay"),
          .make = make,
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference = reference,
          .longest_sum = moves ? std::vector<int64_t>{n, n, n, n, n} : std::vector<int64_t>{n, n, n},
          .bytes = (3.0 + v.residual) * double(shape.count() * f.bytes())};
}

/// Which gradients a case wants.
struct Wanted {
  bool images = true, parameters = true;
  bool y_given = true;  ///< else the bend is read off x
};

// x off the bend of the activation, where rounding decides.
void move_off_bend(std::vector<Array>& in, const GroupStatistics& s, const Format& f) {
  const int64_t c = in[0].shape.channels();
  for (int64_t i = 0; i < in[0].count(); ++i) {
    const int64_t k = i % c;
    const double slope = in[1][k] * s.rstd(size_t(k), kEps), value = (in[0][i] - s.mean[size_t(k)]) * slope + in[2][k];
    if (std::abs(value) < 0.01) in[0][i] += (value < 0 ? -0.1 : 0.1) / slope;
  }
  in[0] = f(in[0]).array();
}

// dy is io.out[0] and becomes dx, or with a residual dresidual: how the tape calls it. Without images dy is
// io.in.back().
Case train_grad_case(const Shape& shape, const Variant& v, const Wanted& want, const Format& f = {}) {
  const int64_t c = shape.channels();
  const auto make = [=] {
    std::vector<Array> in = operands(shape, v, f);
    const GroupStatistics s(in[0], 1);
    if (!want.y_given) move_off_bend(in, s, f);
    const Array y = activated(norm_sum(in[0], s, in[1], in[2], in[3], kEps), v.slope());
    Io io{{f(in[0]), f(y)}, {}};
    for (const Array& a : {in[1], in[2], s.mean_pair({2, c}), s.rstds({c}, kEps)}) io.in.emplace_back(a, DType::f32);
    (want.images ? io.out : io.in).push_back(f(uniform(shape, -1, 1, 7)));
    if (want.images && v.residual) io.out.push_back(f(shape));
    if (want.parameters) {
      io.out.emplace_back(Shape{c}, DType::f32);
      io.out.emplace_back(uniform({c}, -1, 1, 8), DType::f32);  // accumulated
    }
    return io;
  };
  const auto call = [=](const auto& e, Io& io) {
    const View dy = want.images ? io.out[0].view() : io.in.back().view();
    const View gamma = want.parameters ? io.out[io.out.size() - 2].view() : View();
    const View beta = want.parameters ? io.out.back().view() : View();
    const View dx = !want.images ? View() : v.residual ? io.out[1].view() : dy;
    kernels::batch_norm_grad(e, dy, io.in[0].view(), want.y_given ? io.in[1].view() : View(), io.in[2].view(),
                             io.in[3].view(), io.in[4].view(), io.in[5].view(), dx, gamma, false, beta, true,
                             want.images && v.residual ? dy : View(), v.options());
  };
  const auto reference = [=](const Io& io) {
    const Array x = io.in[0].array();
    const Array g = masked((want.images ? io.out[0] : io.in.back()).array(), io.in[1].array(), v.slope());
    NormGradient r = norm_gradient(g, x, GroupStatistics(x, 1), pair_sum(io.in[4].array()), io.in[5].array().v,
                                   io.in[2].array(), false);
    std::vector<Array> all;
    if (want.images) all.push_back(v.residual ? g : r.dx);
    if (want.images && v.residual) all.push_back(r.dx);
    if (!want.parameters) return all;
    const Array before = io.out.back().array();
    for (int64_t k = 0; k < c; ++k) r.dbeta[k] += before[k];
    all.push_back(r.dgamma);
    all.push_back(r.dbeta);
    return all;
  };
  return {.op = "batch_norm_grad",
          .name = name_of(shape, v, f) + (want.y_given ? "_y" : "") + (want.parameters ? "" : "_frozen") +
                  (want.images ? "" : "_parameters"),
          .make = make,
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference = reference,
          .longest_sum = {shape.pixels() + 1},
          .bytes = (5.0 + (v.residual ? 2.0 : 0.0)) * double(shape.count() * f.bytes())};
}

Case infer_case(const Shape& shape, const Variant& v, const Format& f = {}) {
  const Shape channels{shape.channels()};
  const auto call = [=](const auto& e, Io& io) {
    kernels::batch_norm_infer(e, io.in[0].view(), io.in[1].view(), io.in[2].view(), io.in[4].view(), io.in[5].view(),
                              view_or_none(io.in[3]), io.out[0].view(), v.options());
  };
  return {
      .op = "batch_norm_infer",
      .name = name_of(shape, v, f),
      .make =
          [=] {
            Io io{buffers(operands(shape, v, f), f), {f(shape)}};
            io.in.emplace_back(uniform(channels, v.center - 1, v.center + 1, 5), DType::f32);
            io.in.emplace_back(uniform(channels, 0, 2, 6), DType::f32);
            return io;
          },
      .cpu = f.cpu(call),
      .cuda = SEGUE_CUDA_CALL(call),
      .reference =
          [=](const Io& io) {
            const GroupStatistics s(io.in[4].array(), io.in[5].array());
            return std::vector<Array>{activated(
                norm_sum(io.in[0].array(), s, io.in[1].array(), io.in[2].array(), io.in[3].array(), kEps), v.slope())};
          },
      .bytes = (2.0 + v.residual) * double(shape.count() * f.bytes())};
}

// io.out: dy, which becomes dresidual; dx; dgamma, which is accumulated; dbeta. Without y, which is only possible where
// no residual was added, dy becomes dx. Given y, the activation's bend is exact, so that no rounding decides.
Case infer_grad_case(const Shape& shape, const Variant& v, const Wanted& want = {}, const Format& f = {}) {
  const Shape channels{shape.channels()};
  const auto call = [=](const auto& e, Io& io) {
    const View dy = io.out[0].view(), gamma = want.parameters ? io.out[io.out.size() - 2].view() : View(),
               beta = want.parameters ? io.out.back().view() : View();
    kernels::batch_norm_infer_grad(e, dy, io.in[0].view(), want.y_given ? io.in[6].view() : View(), io.in[1].view(),
                                   io.in[2].view(), io.in[4].view(), io.in[5].view(),
                                   want.y_given ? io.out[1].view() : dy, gamma, true, beta, false,
                                   want.y_given ? dy : View(), v.options());
  };
  return {.op = "batch_norm_infer_grad",
          .name = name_of(shape, v, f) + (want.y_given ? "" : "_x") + (want.parameters ? "" : "_frozen"),
          .make =
              [=] {
                std::vector<Array> in = operands(shape, v, f);
                const Array mean = uniform(channels, v.center - 1, v.center + 1, 5),
                            variance = uniform(channels, 0, 2, 6);
                if (!want.y_given) move_off_bend(in, GroupStatistics(mean, variance), f);
                Io io{buffers(in, f), {f(uniform(shape, -1, 1, 7))}};
                io.in.emplace_back(mean, DType::f32);
                io.in.emplace_back(variance, DType::f32);
                io.in.push_back(f(uniform(shape, -1, 1, 9)));
                if (want.y_given) io.out.push_back(f(shape));
                if (!want.parameters) return io;
                io.out.emplace_back(uniform(channels, -1, 1, 8), DType::f32);
                io.out.emplace_back(channels, DType::f32);
                return io;
              },
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference =
              [=](const Io& io) {
                const Array x = io.in[0].array(), gamma = io.in[1].array();
                const GroupStatistics s(io.in[4].array(), io.in[5].array());
                const Array y = want.y_given ? io.in[6].array() : norm_sum(x, s, gamma, io.in[2].array(), {}, kEps);
                const Array g = masked(io.out[0].array(), y, v.slope());
                NormGradient r = norm_gradient(g, x, s, s.mean, s.rstds(channels, kEps).v, gamma, true);
                std::vector<Array> all = {r.dx};
                if (want.y_given) all = {g, r.dx};
                if (!want.parameters) return all;
                const Array before = io.out[io.out.size() - 2].array();
                for (int64_t k = 0; k < before.count(); ++k) r.dgamma[k] += before[k];
                all.push_back(r.dgamma);
                all.push_back(r.dbeta);
                return all;
              },
          .longest_sum = {shape.pixels() + 1},
          .bytes = (want.y_given ? 5.0 : 3.0) * double(shape.count() * f.bytes())};
}

/// Where results lie: channels `lane` and following of an image of `channels`.
struct Slice {
  int64_t lane, channels;
};
std::string name_of(const Slice& s) { return "_at" + std::to_string(s.lane) + "of" + std::to_string(s.channels); }

// y in a slice of a wider image, of which the other lanes keep their values. The rest has no gaps between pixels.
Case slice_case(const Shape& shape, const Variant& v, const Slice& slice, bool training, DType dtype) {
  const int64_t c = shape.channels();
  const Format narrow{dtype}, wide{dtype, 8};
  return {.op = training ? "batch_norm_train" : "batch_norm_infer",
          .name = name_of(shape, v, narrow) + name_of(slice),
          .make =
              [=] {
                Io io{buffers(operands(shape, v, narrow), narrow), {wide(wide_shaped(shape, slice.channels, 11))}};
                for (uint64_t salt : {5, 6}) io.in.emplace_back(uniform({c}, 0.5, 1, salt), DType::f32);
                for (const Shape& s : {Shape{2, c}, Shape{c}})
                  if (training) io.out.emplace_back(s, DType::f32);
                return io;
              },
          .cuda = SEGUE_CUDA_CALL([=](const CudaExec& e, Io& io) {
            const View y = slice_view(io.out[0], shape, slice.lane), residual = view_or_none(io.in[3]);
            if (training)
              kernels::batch_norm_train(e, io.in[0].view(), io.in[1].view(), io.in[2].view(), residual, y,
                                        io.out[1].view(), io.out[2].view(), View(), View(), v.options());
            else
              kernels::batch_norm_infer(e, io.in[0].view(), io.in[1].view(), io.in[2].view(), io.in[4].view(),
                                        io.in[5].view(), residual, y, v.options());
          }),
          .reference =
              [=](const Io& io) {
                const Array x = io.in[0].array();
                const GroupStatistics s =
                    training ? GroupStatistics(x, 1) : GroupStatistics(io.in[4].array(), io.in[5].array());
                const Array y =
                    activated(norm_sum(x, s, io.in[1].array(), io.in[2].array(), io.in[3].array(), kEps), v.slope());
                const Array all = with_slice(io.out[0].array(), y, slice.lane);
                if (training) return std::vector<Array>{all, s.mean_pair({2, c}), s.rstds({c}, kEps)};
                return std::vector<Array>{all};
              },
          .longest_sum = {shape.pixels()},
          .bytes = (2.0 + training + v.residual) * double(shape.count() * size_of(dtype))};
}

// dy in such a slice, and y, where it is given, in one of an image wider still: dx, dgamma, dbeta and with a residual
// dresidual.
Case slice_grad_case(const Shape& shape, const Variant& v, const Slice& slice, bool training, DType dtype) {
  const int64_t c = shape.channels(), y_lane = slice.lane + 4;
  const Format narrow{dtype}, wide{dtype, 8};
  const auto make = [=] {
    std::vector<Array> in = operands(shape, v, narrow);
    const auto statistics = [&] {
      return training ? GroupStatistics(in[0], 1) : GroupStatistics(uniform({c}, 0, 1, 5), uniform({c}, 0.5, 2, 6));
    };
    if (!v.residual) move_off_bend(in, statistics(), narrow);
    const GroupStatistics s = statistics();
    const Array y = activated(norm_sum(in[0], s, in[1], in[2], in[3], kEps), v.slope());
    Io io{{narrow(in[0]), wide(with_slice(wide_shaped(shape, slice.channels + 8, 12), y, y_lane)),
           wide(wide_shaped(shape, slice.channels, 7))},
          {narrow(shape), Buffer({c}, DType::f32), Buffer({c}, DType::f32)}};
    Array spread({c});
    spread.v = s.variance;
    for (const Array& a : {in[1], in[2], s.mean_pair({2, c}), training ? s.rstds({c}, kEps) : spread})
      io.in.emplace_back(a, DType::f32);
    if (v.residual) io.out.push_back(narrow(shape));
    return io;
  };
  [[maybe_unused]] const auto call = [=](const CudaExec& e, Io& io) {
    const View dy = slice_view(io.in[2], shape, slice.lane), gamma = io.in[3].view(), beta = io.in[4].view(),
               y = v.residual ? slice_view(io.in[1], shape, y_lane) : View(), spread = io.in[6].view(),
               dresidual = v.residual ? io.out[3].view() : View();
    View mean = io.in[5].view();
    if (training) {
      kernels::batch_norm_grad(e, dy, io.in[0].view(), y, gamma, beta, mean, spread, io.out[0].view(), io.out[1].view(),
                               false, io.out[2].view(), false, dresidual, v.options());
    } else {
      mean.shape = {c};  // without the rest, which is 0
      kernels::batch_norm_infer_grad(e, dy, io.in[0].view(), y, gamma, beta, mean, spread, io.out[0].view(),
                                     io.out[1].view(), false, io.out[2].view(), false, dresidual, v.options());
    }
  };
  const auto reference = [=](const Io& io) {
    const Array x = io.in[0].array(), gamma = io.in[3].array(), beta = io.in[4].array(), spread = io.in[6].array();
    const Array y = slice_array(io.in[1].array(), shape, y_lane);
    const Array g = masked(slice_array(io.in[2].array(), shape, slice.lane), y, v.slope());
    std::vector<double> mean = pair_sum(io.in[5].array()), rstd = spread.v;
    for (double& r : rstd) r = training ? r : 1 / std::sqrt(r + kEps);
    const NormGradient r = norm_gradient(g, x, GroupStatistics(x, 1), mean, rstd, gamma, !training);
    std::vector<Array> all = {r.dx, r.dgamma, r.dbeta};
    if (v.residual) all.push_back(g);
    return all;
  };
  return {.op = training ? "batch_norm_grad" : "batch_norm_infer_grad",
          .name = name_of(shape, v, narrow) + name_of(slice),
          .make = make,
          .cuda = SEGUE_CUDA_CALL(call),
          .reference = reference,
          .longest_sum = {shape.pixels() + 1},
          .bytes = (5.0 + (v.residual ? 2.0 : 0.0)) * double(shape.count() * size_of(dtype))};
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
          .name = name_of(shape, v, {}) + (training ? "" : "_infer"),
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
  const Wanted all, without_y{.y_given = false}, frozen{.parameters = false}, parameters{.images = false},
      dx_alone{.parameters = false, .y_given = false};
  for (const Shape& shape : {Shape{1, 1, 1, 1}, Shape{1, 1, 1, 256}, Shape{3, 1, 1, 19}, Shape{1, 1, 33, 3},
                             Shape{1, 1, 769, 1}, Shape{2, 5, 7, 48}, Shape{3, 17, 33, 64}, Shape{1, 769, 1, 19},
                             Shape{2, 13, 11, 304}, Shape{1, 3, 3, 2048}, Shape{769, 33}}) {
    for (const Variant& v : {plain, relu, residual, both}) {
      const bool all_devices = shape.count() < 10000 || (v.relu && v.residual);
      for (Case c :
           {train_case(shape, v), train_grad_case(shape, v, all), infer_case(shape, v), infer_grad_case(shape, v)})
        r.cases.push_back(all_devices ? std::move(c) : cpu_only(std::move(c)));
    }
    // With one pixel there is no x beside the mean.
    if (shape.pixels() > 1) r.cases.push_back(train_grad_case(shape, relu, without_y));
  }
  // CUDA only: as the runtime calls it, and at pitches that allow no vector access.
  const auto add_all = [&](const Shape& shape, const Variant& v, const Format& f) {
    r.cases.push_back(train_case(shape, v, f));
    r.cases.push_back(train_grad_case(shape, v, all, f));
    r.cases.push_back(infer_case(shape, v, f));
    r.cases.push_back(infer_grad_case(shape, v, all, f));
  };
  for (const Format& f : kCudaFormats) {
    for (const Variant& v : {plain, relu, residual, both}) add_all({3, 17, 33, 19}, v, f);
    for (const Shape& shape : {Shape{1, 1, 1, 19}, Shape{2, 19, 33, 3}, Shape{1, 1, 769, 48}, Shape{5, 1, 1, 520}})
      add_all(shape, both, f);
    r.cases.push_back(train_grad_case({3, 17, 33, 19}, relu, without_y, f));
    r.cases.push_back(train_grad_case({3, 17, 33, 19}, relu, {.parameters = false, .y_given = false}, f));
    r.cases.push_back(infer_grad_case({3, 17, 33, 19}, relu, dx_alone, f));
    r.cases.push_back(infer_grad_case({3, 17, 33, 19}, both, frozen, f));
    r.cases.push_back(infer_grad_case({2, 19, 33, 3}, plain, {.parameters = false, .y_given = false}, f));  // images
  }
  for (const Format& f : kOddFormats) {
    add_all({2, 19, 33, 19}, both, f);
    add_all({2, 19, 33, 19}, plain, f);
    r.cases.push_back(train_grad_case({2, 19, 33, 19}, relu, without_y, f));
    r.cases.push_back(infer_grad_case({2, 19, 33, 19}, relu, dx_alone, f));
  }

  // In slices: as DeepLabv3+ concatenates, of one pixel, of no whole packs, and of more pixels than a block has threads.
  const auto add_slices = [&](const Shape& shape, const Variant& v, const Slice& slice, DType dtype) {
    for (bool training : {true, false}) {
      r.cases.push_back(slice_case(shape, v, slice, training, dtype));
      // With one pixel there is no x beside the mean.
      if (shape.pixels() > 1 || v.residual || !training)
        r.cases.push_back(slice_grad_case(shape, v, slice, training, dtype));
    }
  };
  for (DType dtype : {DType::f32, DType::bf16, DType::f16})
    for (const Variant& v : {relu, both}) {
      add_slices({2, 5, 7, 256}, v, {48, 304}, dtype);
      add_slices({3, 17, 33, 19}, v, {3, 25}, dtype);
    }
  for (const Variant& v : {plain, relu, residual, both}) add_slices({1, 769, 3, 32}, v, {0, 64}, DType::bf16);
  add_slices({1, 1, 1, 48}, both, {256, 304}, DType::bf16);
  add_slices({33, 20}, relu, {12, 32}, DType::f16);

  // Means far from zero: in deviations 100, 10^4, and the other way round.
  const Variant far[] = {{.relu = true, .residual = true, .center = 100, .name = "_far"},
                         {.center = 100, .spread = 1e-2, .name = "_very_far"},
                         {.center = -1e4, .name = "_negative"},
                         {.center = 1e-3, .spread = 1e3, .name = "_wide"},
                         {.relu = true, .name = "_outlier", .first_pixel = 1e4}};
  for (const Shape& shape : {Shape{1, 33, 31, 3}, Shape{2, 17, 33, 20}, Shape{1, 3, 3, 2048}})
    for (const Variant& v : far) {
      r.cases.push_back(train_case(shape, v));
      r.cases.push_back(train_grad_case(shape, v, all));
    }
  r.cases.push_back(train_case({2, 5, 7, 48}, both, {}, false));
  for (const Variant& v : {plain, relu, both}) r.cases.push_back(train_grad_case({2, 5, 7, 48}, v, frozen));
  for (const Variant& v : {plain, relu, both}) r.cases.push_back(train_grad_case({2, 5, 7, 48}, v, parameters));
  for (const Variant& v : {plain, relu}) {
    r.cases.push_back(infer_grad_case({2, 5, 7, 48}, v, frozen));
    r.cases.push_back(infer_grad_case({2, 5, 7, 48}, v, without_y));
    r.cases.push_back(infer_grad_case({2, 5, 7, 48}, v, dx_alone));
  }

  for (const Shape& shape :
       {Shape{4, 64, 128, 64}, Shape{4, 32, 64, 256}, Shape{4, 8, 16, 2048}, Shape{4, 32, 64, 48}}) {
    r.cases.push_back(bench_only(train_case(shape, relu)));
    r.cases.push_back(bench_only(train_case(shape, both)));
    r.cases.push_back(bench_only(train_grad_case(shape, relu, without_y)));
    r.cases.push_back(bench_only(train_grad_case(shape, both, all)));
    r.cases.push_back(bench_only(infer_case(shape, both)));
  }
  // The decoder, the stem and the last layers of DeepLabv3+ at 8x512x1024.
  for (const Shape& shape : {Shape{8, 128, 256, 256}, Shape{8, 256, 512, 64}, Shape{8, 32, 64, 2048}}) {
    r.cases.push_back(bench_only(train_case(shape, relu, kCudaFormats[1])));
    r.cases.push_back(bench_only(train_case(shape, both, kCudaFormats[1])));
    r.cases.push_back(bench_only(train_grad_case(shape, relu, without_y, kCudaFormats[1])));
    r.cases.push_back(bench_only(train_grad_case(shape, both, all, kCudaFormats[1])));
  }
  for (Case c : {slice_case({8, 128, 256, 256}, relu, {48, 304}, true, DType::bf16),
                 slice_grad_case({8, 128, 256, 256}, relu, {48, 304}, true, DType::bf16)})
    r.cases.push_back(bench_only(std::move(c)));
  for (const Variant& v : {plain, relu, residual, both})
    for (bool training : {true, false}) r.gradients.push_back(gradient_case({2, 3, 4, 3}, v, training));
  r.gradients.push_back(gradient_case({2, 3, 4, 3}, {.relu = true, .center = 1e3, .name = "_far"}, true));
}

}  // namespace segue::cases
