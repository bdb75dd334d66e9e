#include "kernels/upsample_xent.h"

#include <array>

#include "label_reference.h"
#include "runtime/ops.h"
#include "xent_reference.h"

namespace segue::cases {
namespace {

struct Setup {
  int64_t n, h, w, height, width;
  int64_t classes = 19;
  LabelKind kind = LabelKind::plain;
  bool weights = false, class_weights = false, gradient = true, extreme = false;
  bool areas = false;  // labels in squares of 16, as label maps have them
  Format format = {};

  Shape logits() const { return {n, h, w, classes}; }
  Shape labels() const { return {n, height, width}; }
  /// Label pixels behind one logit.
  int64_t reach() const { return ((2 * height + h - 1) / h + 1) * ((2 * width + w - 1) / w + 1); }
};

std::string name_of(const Setup& s) {
  const char* kinds[] = {"", "_all_ignored", "_bad"};
  return s.format.name(s.logits()) + "_to_" + case_name(Shape{s.height, s.width}) + kinds[int(s.kind)] +
         (s.weights ? "_weights" : "") + (s.class_weights ? "_class_weights" : "") + (s.gradient ? "" : "_loss_only") +
         (s.extreme ? "_extreme" : "") + (s.areas ? "_areas" : "");
}

/// The transpose of upsampled(): gradients of full-size logits gathered to (N,h,w,C).
Array gathered(const Array& d, const Shape& low) {
  Array y(low);
  const int64_t height = d.shape[1], width = d.shape[2];
  const auto source = [](int64_t to, int64_t in, int64_t out) {
    return std::max((double(to) + 0.5) * double(in) / double(out) - 0.5, 0.0);
  };
  for (int64_t i = 0; i < low[0]; ++i)
    for (int64_t r = 0; r < height; ++r)
      for (int64_t q = 0; q < width; ++q) {
        const double sy = source(r, low[1], height), sx = source(q, low[2], width);
        const int64_t y0 = std::min(int64_t(sy), low[1] - 1), x0 = std::min(int64_t(sx), low[2] - 1);
        const int64_t y1 = std::min(y0 + 1, low[1] - 1), x1 = std::min(x0 + 1, low[2] - 1);
        const double ty = sy - double(y0), tx = sx - double(x0);
        for (int64_t c = 0; c < low[3]; ++c) {
          const double g = d.at(i, r, q, c);
          y.at(i, y0, x0, c) += (1 - ty) * (1 - tx) * g;
          y.at(i, y0, x1, c) += (1 - ty) * tx * g;
          y.at(i, y1, x0, c) += ty * (1 - tx) * g;
          y.at(i, y1, x1, c) += ty * tx * g;
        }
      }
  return y;
}

XentReference upsampled_xent(const Array& logits, const Array& labels, const Array& weights, const Array& class_weights,
                             double inv_norm, double dsum = 1) {
  XentReference x =
      xent(upsampled(logits, labels.shape[1], labels.shape[2]), labels, weights, class_weights, inv_norm, dsum);
  x.dlogits = gathered(x.dlogits, logits.shape);
  return x;
}

Array logits_of(const Setup& s) {
  Array z = uniform(s.logits(), -4, 4);
  // Whole numbers: interpolating by quarters is exact, so the bound holds for large logits too.
  if (s.extreme)
    for (double& v : z.v) v = v < -1 ? -96 : v > 1 ? 96 : std::nearbyint(4 * v);
  return z;
}

Array label_map(const Setup& s) {
  Array a = labels_of(s.labels(), s.classes, s.kind);
  if (s.areas)
    for (int64_t i = 0; i < a.count(); ++i) {
      const int64_t x = i % s.width, y = i / s.width % s.height;
      a[i] = a[i - y % 16 * s.width - x % 16];
    }
  return a;
}

Case xent_case(const Setup& s) {
  const auto run = [=](const auto& e, Io& io) {
    kernels::upsample_xent(e, io.in[0].view(), io.in[1].view(), view_or_absent(io.in[2], s.weights),
                           view_or_absent(io.in[3], s.class_weights), io.in[4].view(), io.out[0].view(),
                           s.gradient ? io.out[2].view() : View(), io.out[1].view(), {});
  };
  return {.op = "upsample_xent",
          .name = name_of(s),
          .make =
              [=] {
                const Array labels = label_map(s);
                const double inv = inv_norm_of(labels, {}, {}, s.classes, Normalizer::valid);
                Io io;
                io.in = {s.format(logits_of(s)), Buffer(labels, DType::u8),
                         Buffer(uniform(s.labels(), 0, 1, 3), DType::f32),
                         Buffer(uniform({s.classes}, 0.5, 2, 4), DType::f32), Buffer(constant({}, inv), DType::f32)};
                io.out = {Buffer(Shape{}, DType::f32), Buffer(constant({}, 0), DType::u32)};
                if (s.gradient) io.out.push_back(s.format(s.logits()));
                return io;
              },
          .cpu = s.format.cpu([=](const CpuExec& e, Io& io) { run(e, io); }),
          .cuda = SEGUE_CUDA_CALL([=](const CudaExec& e, Io& io) { run(e, io); }),
          .reference =
              [=](const Io& io) {
                const Array labels = io.in[1].array();
                const XentReference x =
                    upsampled_xent(io.in[0].array(), labels, s.weights ? io.in[2].array() : Array(),
                                   s.class_weights ? io.in[3].array() : Array(), io.in[4].array()[0]);
                std::vector<Array> want{constant({}, x.loss), constant({}, status_of(labels, s.classes))};
                if (s.gradient) want.push_back(x.dlogits);
                return want;
              },
          .longest_sum = {std::max(s.labels().count(), s.classes), 1, std::max(s.reach(), s.classes)},
          .bytes = double(s.logits().count() * s.format.bytes()) * (s.gradient ? 2 : 1) +
                   double(s.labels().count()) * (s.weights ? 5 : 1),
          .flops = 40.0 * double(s.labels().count() * s.classes)};
}

GradientCase gradient_case(const char* name, const Shape& low, const Shape& pixels, Normalizer normalizer,
                           bool weighted) {
  const int64_t classes = low.channels();
  const Array labels = labels_of(pixels, classes, LabelKind::plain);
  const Array weights = weighted ? uniform(pixels, 0, 1, 3) : Array();
  const Array class_weights = weighted ? uniform({classes}, 0.5, 2, 4) : Array();
  const double inv = inv_norm_of(labels, weights, class_weights, classes, normalizer);
  return {
      .op = "upsample_xent",
      .name = name,
      .inputs = {uniform(low, -4, 4)},
      .forward =
          [=](const std::vector<Array>& x) {
            return constant({}, upsampled_xent(x[0], labels, weights, class_weights, inv).loss);
          },
      .gradient =
          [=](const std::vector<Array>& x, const Array& dy) {
            return std::vector<Array>{upsampled_xent(x[0], labels, weights, class_weights, inv, inv * dy[0]).dlogits};
          },
      .op_call =
          [=](Context& c, std::vector<Tensor>& x) {
            return upsample_xent(
                c, x[0], tensor_of(c, labels, DType::u8), weighted ? tensor_of(c, weights, DType::f32) : Tensor(),
                weighted ? tensor_of(c, class_weights, DType::f32) : Tensor(), {.normalizer = normalizer});
          },
      .longest_sum = pixels.count()};
}

}  // namespace

void upsample_xent_cases(Registry& r) {
  // x4, x8, x16, x1, other ratios in both directions, single rows and columns, smaller labels than logits.
  const int64_t sizes[][5] = {{2, 8, 16, 32, 64}, {2, 5, 7, 19, 33}, {1, 1, 1, 4, 4},     {1, 5, 3, 40, 24},
                              {1, 3, 2, 48, 32},  {2, 9, 11, 9, 11}, {1, 10, 10, 37, 37}, {1, 17, 33, 65, 129},
                              {1, 1, 9, 7, 33},   {3, 9, 1, 33, 5},  {1, 13, 11, 6, 5},   {1, 40, 6, 43, 5},
                              {1, 9, 9, 1, 1},    {1, 70, 3, 71, 12}};
  for (const auto& s : sizes)
    r.cases.push_back(xent_case({.n = s[0], .h = s[1], .w = s[2], .height = s[3], .width = s[4]}));
  for (int64_t classes : {2, 8, 16, 27, 33, 256})
    r.cases.push_back(xent_case({.n = 2,
                                 .h = 5,
                                 .w = 7,
                                 .height = 20,
                                 .width = 28,
                                 .classes = classes,
                                 .weights = true,
                                 .class_weights = true}));
  const Setup x4{.n = 2, .h = 6, .w = 9, .height = 24, .width = 36};
  const auto variant = [&](auto change) {
    Setup s = x4;
    change(s);
    r.cases.push_back(xent_case(s));
  };
  variant([](Setup& s) { s.kind = LabelKind::all_ignored; });
  variant([](Setup& s) { s.kind = LabelKind::bad; });
  variant([](Setup& s) { s.kind = LabelKind::bad, s.weights = s.class_weights = true; });
  variant([](Setup& s) { s.weights = true; });
  variant([](Setup& s) { s.class_weights = true; });
  variant([](Setup& s) { s.gradient = false; });
  variant([](Setup& s) { s.extreme = true; });
  variant([](Setup& s) { s.areas = true; });
  // CUDA only: channels at a pitch, bf16 and f16, and pitches without vector access; ratios that leave many columns of
  // cells, more classes than have a slot in every thread.
  for (const Format& f : kCudaFormats) {
    for (const auto& s : sizes)
      r.cases.push_back(xent_case({.n = s[0], .h = s[1], .w = s[2], .height = s[3], .width = s[4], .format = f}));
    r.cases.push_back(xent_case({.n = 1, .h = 19, .w = 33, .height = 75, .width = 131, .format = f}));
    for (int64_t classes : {2, 40, 41, 256})
      r.cases.push_back(xent_case({.n = 2,
                                   .h = 5,
                                   .w = 7,
                                   .height = 20,
                                   .width = 28,
                                   .classes = classes,
                                   .kind = LabelKind::bad,
                                   .weights = true,
                                   .class_weights = true,
                                   .format = f}));
    variant([&](Setup& s) { s.gradient = false, s.format = f; });
    variant([&](Setup& s) { s.extreme = true, s.format = f; });
    variant([&](Setup& s) { s.extreme = s.weights = s.class_weights = true, s.kind = LabelKind::bad, s.format = f; });
  }
  for (const Format& f : kOddFormats) variant([&](Setup& s) { s.format = f; });
  // The same on both devices: extreme logits at x8, where a thread makes several patches of a cell.
  r.cases.push_back(xent_case({.n = 1, .h = 5, .w = 6, .height = 40, .width = 48, .weights = true, .extreme = true}));
  r.cases.push_back(bench_only(xent_case({.n = 4, .h = 32, .w = 64, .height = 128, .width = 256})));
  r.cases.push_back(bench_only(xent_case({.n = 2, .h = 128, .w = 256, .height = 512, .width = 1024})));
  r.cases.push_back(bench_only(xent_case({.n = 4, .h = 16, .w = 32, .height = 128, .width = 256})));
  const Setup training{.n = 8, .h = 128, .w = 256, .height = 512, .width = 1024, .format = kCudaFormats[1]};
  r.cases.push_back(bench_only(xent_case(training)));

  // DeepLabv3+ and FCN at 8x512x1024, DeepLabv3+ at 8x769x769.
  for (const auto& [n, h, w, height, width] :
       {std::array<int64_t, 5>{8, 128, 256, 512, 1024}, {8, 64, 128, 512, 1024}, {8, 193, 193, 769, 769}})
    r.cases.push_back(bench_only(xent_case(
        {.n = n, .h = h, .w = w, .height = height, .width = width, .areas = true, .format = kCudaFormats[1]})));

  r.gradients.push_back(gradient_case("x4", {2, 3, 4, 5}, {2, 12, 16}, Normalizer::valid, false));
  r.gradients.push_back(gradient_case("odd", {1, 5, 2, 3}, {1, 13, 9}, Normalizer::weights, true));
  r.gradients.push_back(gradient_case("smaller", {1, 6, 5, 3}, {1, 4, 3}, Normalizer::all, true));
}

}  // namespace segue::cases
