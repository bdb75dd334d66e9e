#include "kernels/softmax_xent.h"

#include "runtime/ops.h"
#include "xent_reference.h"

namespace segue::cases {
namespace {

enum class Weighting { none, plain, zero };

struct Setup {
  Shape pixels;
  int64_t classes = 19;
  LabelKind kind = LabelKind::plain;
  Weighting weights = Weighting::none;
  bool class_weights = false, gradient = true;
  double range = 4;  // of the logits; 100: whole numbers of it, so that every probability is nearly 0 or 1
  Format format = {};
};

Shape with_classes(Shape pixels, int64_t classes) {
  pixels.push(classes);
  return pixels;
}

std::string name_of(const Setup& s) {
  const char* kinds[] = {"", "_all_ignored", "_bad"};
  const char* weightings[] = {"", "_weights", "_zero_weights"};
  return s.format.name(with_classes(s.pixels, s.classes)) + kinds[int(s.kind)] + weightings[int(s.weights)] +
         (s.class_weights ? "_class_weights" : "") + (s.gradient ? "" : "_loss_only") + (s.range > 4 ? "_extreme" : "");
}

Array logits_of(const Setup& s) {
  Array z = uniform(with_classes(s.pixels, s.classes), -s.range, s.range);
  if (s.range > 4)
    for (double& v : z.v) v = v < -s.range / 3 ? -s.range : v > s.range / 3 ? s.range : std::nearbyint(v / 25);
  return z;
}

Case xent_case(const Setup& s) {
  const Shape shape = with_classes(s.pixels, s.classes);
  const auto call = [=](const auto& e, Io& io) {
    kernels::softmax_xent(e, io.in[0].view(), io.in[1].view(), view_or_absent(io.in[2], s.weights != Weighting::none),
                          view_or_absent(io.in[3], s.class_weights), io.in[4].view(), io.out[0].view(),
                          s.gradient ? io.out[2].view() : View(), io.out[1].view(), {});
  };
  return {.op = "softmax_xent",
          .name = name_of(s),
          .make =
              [=] {
                const Array labels = labels_of(s.pixels, s.classes, s.kind);
                const Array weights = s.weights == Weighting::zero ? constant(s.pixels, 0) : uniform(s.pixels, 0, 1, 3);
                const double inv = inv_norm_of(labels, {}, {}, s.classes, Normalizer::valid);
                Io io;
                io.in = {s.format(logits_of(s)), Buffer(labels, DType::u8), Buffer(weights, DType::f32),
                         Buffer(uniform({s.classes}, 0.5, 2, 4), DType::f32), Buffer(constant({}, inv), DType::f32)};
                io.out = {Buffer(Shape{}, DType::f32), Buffer(constant({}, 0), DType::u32)};
                if (s.gradient) io.out.push_back(s.format(shape));
                return io;
              },
          .cpu = s.format.cpu([=](const CpuExec& e, Io& io) { call(e, io); }),
          .cuda = SEGUE_CUDA_CALL([=](const CudaExec& e, Io& io) { call(e, io); }),
          .reference =
              [=](const Io& io) {
                const Array labels = io.in[1].array();
                const XentReference x =
                    xent(io.in[0].array(), labels, s.weights == Weighting::none ? Array() : io.in[2].array(),
                         s.class_weights ? io.in[3].array() : Array(), io.in[4].array()[0]);
                std::vector<Array> want{constant({}, x.loss), constant({}, status_of(labels, s.classes))};
                if (s.gradient) want.push_back(x.dlogits);
                return want;
              },
          .longest_sum = {std::max(s.pixels.count(), s.classes)},
          .bytes = double(shape.count() * s.format.bytes()) * (s.gradient ? 2 : 1) +
                   double(s.pixels.count()) * (s.weights == Weighting::none ? 1 : 5),
          .flops = 30.0 * double(shape.count())};
}

GradientCase gradient_case(const char* name, Normalizer normalizer, bool weighted) {
  const Shape pixels{2, 3, 5};
  const int64_t classes = 5;
  const Array labels = labels_of(pixels, classes, LabelKind::plain);
  const Array weights = weighted ? uniform(pixels, 0, 1, 3) : Array();
  const Array class_weights = weighted ? uniform({classes}, 0.5, 2, 4) : Array();
  const double inv = inv_norm_of(labels, weights, class_weights, classes, normalizer);
  return {.op = "softmax_xent",
          .name = name,
          .inputs = {uniform(with_classes(pixels, classes), -4, 4)},
          .forward =
              [=](const std::vector<Array>& x) {
                return constant({}, xent(x[0], labels, weights, class_weights, inv).loss);
              },
          .gradient =
              [=](const std::vector<Array>& x, const Array& dy) {
                return std::vector<Array>{xent(x[0], labels, weights, class_weights, inv, inv * dy[0]).dlogits};
              },
          .op_call =
              [=](Context& c, std::vector<Tensor>& x) {
                return softmax_xent(
                    c, x[0], tensor_of(c, labels, DType::u8), weighted ? tensor_of(c, weights, DType::f32) : Tensor(),
                    weighted ? tensor_of(c, class_weights, DType::f32) : Tensor(), {.normalizer = normalizer});
              },
          .longest_sum = pixels.count()};
}

}  // namespace

void softmax_xent_cases(Registry& r) {
  for (int64_t pixels : {1, 33, 769, 4097})
    for (int64_t classes : {2, 19, 33, 256})
      for (bool extreme : {false, true}) {
        Case k = xent_case({.pixels = {pixels},
                            .classes = classes,
                            .weights = extreme ? Weighting::plain : Weighting::none,
                            .class_weights = extreme,
                            .range = extreme ? 100.0 : 4.0});
        if (pixels > 1000) k.cuda = nullptr;  // takes long on the host; with a pitch there are as many below
        r.cases.push_back(std::move(k));
      }
  for (int64_t classes : {8, 16, 27}) r.cases.push_back(xent_case({.pixels = {2, 3, 11}, .classes = classes}));
  r.cases.push_back(xent_case({.pixels = {2, 5, 33}, .kind = LabelKind::all_ignored}));
  r.cases.push_back(xent_case({.pixels = {2, 5, 33}, .kind = LabelKind::bad}));
  r.cases.push_back(
      xent_case({.pixels = {2, 5, 33}, .kind = LabelKind::bad, .weights = Weighting::plain, .class_weights = true}));
  r.cases.push_back(xent_case({.pixels = {2, 5, 33}, .weights = Weighting::zero}));
  r.cases.push_back(xent_case({.pixels = {769}, .class_weights = true, .gradient = false}));
  for (const Format& f : kCudaFormats) {
    r.cases.push_back(xent_case({.pixels = {7, 11, 29}, .format = f}));
    r.cases.push_back(xent_case({.pixels = {2, 5, 33}, .kind = LabelKind::bad, .format = f}));
    r.cases.push_back(xent_case({.pixels = {2, 5, 33}, .kind = LabelKind::all_ignored, .format = f}));
    for (int64_t classes : {2, 11, 27, 32, 33, 150, 256})
      r.cases.push_back(xent_case(
          {.pixels = {257}, .classes = classes, .weights = Weighting::plain, .class_weights = true, .format = f}));
    r.cases.push_back(xent_case({.pixels = {769}, .gradient = false, .format = f}));
  }
  for (DType t : {DType::f32, DType::bf16})
    r.cases.push_back(xent_case({.pixels = {769}, .weights = Weighting::plain, .range = 100, .format = {t, 8}}));
  for (const Format& f : kOddFormats)
    for (int64_t classes : {19, 37})
      r.cases.push_back(xent_case({.pixels = {131}, .classes = classes, .weights = Weighting::plain, .format = f}));
  r.cases.push_back(bench_only(xent_case({.pixels = {4, 128, 256}})));
  r.cases.push_back(bench_only(xent_case({.pixels = {2, 512, 1024}})));
  r.cases.push_back(bench_only(xent_case({.pixels = {2, 512, 1024}, .format = kCudaFormats[1]})));

  r.gradients.push_back(gradient_case("valid", Normalizer::valid, false));
  r.gradients.push_back(gradient_case("weights", Normalizer::weights, true));
  r.gradients.push_back(gradient_case("all", Normalizer::all, true));
}

}  // namespace segue::cases
