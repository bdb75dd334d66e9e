#include "kernels/kl_div.h"

#include "runtime/ops.h"
#include "xent_reference.h"

namespace segue::cases {
namespace {

Shape pixels_of(const Shape& logits) {
  Shape s;
  for (int i = 0; i + 1 < logits.dims(); ++i) s.push(logits[i]);
  return s;
}

std::vector<double> log_softmax(const double* z, int64_t classes) {
  const double top = *std::max_element(z, z + classes);
  double sum = 0;
  for (int64_t c = 0; c < classes; ++c) sum += std::exp(z[c] - top);
  std::vector<double> l(size_t(classes), 0.0);
  for (int64_t c = 0; c < classes; ++c) l[size_t(c)] = z[c] - top - std::log(sum);
  return l;
}

/// Loss, and the gradient of the sum behind its mean, times `dsum`.
XentReference divergence(const Array& logits, const Array& teacher, const Array& weights, double dsum = 1) {
  XentReference r{0, Array(logits.shape)};
  const int64_t classes = logits.shape.channels(), pixels = logits.shape.pixels();
  for (int64_t p = 0; p < pixels; ++p) {
    const auto q = log_softmax(&logits.v[size_t(p * classes)], classes);
    const auto t = log_softmax(&teacher.v[size_t(p * classes)], classes);
    const double w = weights.count() ? weights[p] : 1;
    for (int64_t c = 0; c < classes; ++c) {
      const double share = std::exp(t[size_t(c)]);
      r.loss += w / double(pixels) * share * (t[size_t(c)] - q[size_t(c)]);
      r.dlogits[p * classes + c] = dsum * w * (std::exp(q[size_t(c)]) - share);
    }
  }
  return r;
}

Case kl_case(const Shape& shape, bool weighted, bool gradient = true, double range = 4, const Format& f = {}) {
  const auto make_logits = [=](uint64_t salt) {
    Array z = uniform(shape, -range, range, salt);
    if (range > 4)
      for (double& v : z.v) v = v < -range / 3 ? -range : v > range / 3 ? range : std::nearbyint(v / 25);
    return z;
  };
  const auto call = [=](const auto& e, Io& io) {
    kernels::kl_div(e, io.in[0].view(), io.in[1].view(), view_or_absent(io.in[2], weighted), io.out[0].view(),
                    gradient ? io.out[1].view() : View());
  };
  return {.op = "kl_div",
          .name = f.name(shape) + (weighted ? "_weights" : "") + (gradient ? "" : "_loss_only") +
                  (range > 4 ? "_extreme" : ""),
          .make =
              [=] {
                Array weights = uniform(pixels_of(shape), 0, 1, 3);
                for (int64_t p = 0; p < weights.count(); p += 3) weights[p] = 0;
                Io io;
                io.in = {f(make_logits(1)), f(make_logits(2)), Buffer(weights, DType::f32)};
                io.out = {Buffer(Shape{}, DType::f32)};
                if (gradient) io.out.push_back(f(shape));
                return io;
              },
          .cpu = f.cpu([=](const CpuExec& e, Io& io) { call(e, io); }),
          .cuda = SEGUE_CUDA_CALL([=](const CudaExec& e, Io& io) { call(e, io); }),
          .reference =
              [=](const Io& io) {
                const XentReference x =
                    divergence(io.in[0].array(), io.in[1].array(), weighted ? io.in[2].array() : Array());
                std::vector<Array> want{constant({}, x.loss)};
                if (gradient) want.push_back(x.dlogits);
                return want;
              },
          .longest_sum = {std::max(shape.pixels(), shape.channels())},
          .bytes = double(shape.count() * f.bytes()) * (gradient ? 3 : 2) + double(shape.pixels()) * (weighted ? 4 : 0),
          .flops = 60.0 * double(shape.count())};
}

GradientCase gradient_case(const char* name, bool weighted) {
  const Shape shape{2, 3, 4, 5};
  const Array teacher = uniform(shape, -4, 4, 2), weights = weighted ? uniform(pixels_of(shape), 0, 1, 3) : Array();
  return {.op = "kl_div",
          .name = name,
          .inputs = {uniform(shape, -4, 4)},
          .forward = [=](const std::vector<Array>& x) { return constant({}, divergence(x[0], teacher, weights).loss); },
          .gradient =
              [=](const std::vector<Array>& x, const Array& dy) {
                return std::vector<Array>{divergence(x[0], teacher, weights, dy[0] / double(shape.pixels())).dlogits};
              },
          .op_call =
              [=](Context& c, std::vector<Tensor>& x) {
                return kl_div(c, x[0], tensor_of(c, teacher, DType::f32),
                              weighted ? tensor_of(c, weights, DType::f32) : Tensor());
              },
          .longest_sum = shape.pixels()};
}

}  // namespace

void kl_div_cases(Registry& r) {
  for (int64_t pixels : {1, 33, 769, 4097})
    for (int64_t classes : {2, 19, 33, 256}) {
      Case k = kl_case({pixels, classes}, pixels != 1);
      if (pixels > 1000) k.cuda = nullptr;  // takes long on the host; with a pitch there are as many below
      r.cases.push_back(std::move(k));
    }
  r.cases.push_back(kl_case({2, 3, 11, 8}, false));
  r.cases.push_back(kl_case({2, 3, 11, 16}, true, false));
  r.cases.push_back(kl_case({769, 19}, false, true, 100));
  r.cases.push_back(kl_case({769, 27}, true, true, 100));
  for (const Format& f : kCudaFormats) {
    r.cases.push_back(kl_case({5, 11, 29, 19}, true, true, 4, f));
    for (int64_t classes : {2, 11, 27, 32, 33, 256}) r.cases.push_back(kl_case({257, classes}, true, true, 4, f));
    r.cases.push_back(kl_case({769, 19}, true, false, 4, f));
    r.cases.push_back(kl_case({33, 19}, true, true, 100, f));
  }
  r.cases.push_back(kl_case({769, 19}, false, true, 4, kCudaFormats[1]));
  for (const Format& f : kOddFormats)
    for (int64_t classes : {19, 37}) r.cases.push_back(kl_case({131, classes}, true, true, 4, f));
  r.cases.push_back(bench_only(kl_case({4, 128, 256, 19}, true)));
  r.cases.push_back(bench_only(kl_case({2, 512, 1024, 19}, true, true, 4, kCudaFormats[1])));

  r.gradients.push_back(gradient_case("2x3x4x5", false));
  r.gradients.push_back(gradient_case("2x3x4x5_weights", true));
}

}  // namespace segue::cases
