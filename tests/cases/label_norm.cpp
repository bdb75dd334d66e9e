#include "kernels/label_norm.h"

#include "xent_reference.h"

namespace segue::cases {
namespace {

struct Setup {
  Shape shape;
  int64_t classes = 19;
  Normalizer normalizer = Normalizer::valid;
  LabelKind kind = LabelKind::plain;
  bool weights = false, class_weights = false;
  double low = 0;  // of the weights: 0 to 1; below 0: all are 0
};

std::string name_of(const Setup& s) {
  const char* normalizers[] = {"valid", "weights", "all"};
  const char* kinds[] = {"", "_all_ignored", "_bad"};
  return case_name(s.shape) + "_C" + std::to_string(s.classes) + "_" + normalizers[int(s.normalizer)] +
         kinds[int(s.kind)] + (s.weights ? "_pixel" : "") + (s.class_weights ? "_class" : "") +
         (s.low < 0 ? "_zero" : "");
}

Case norm_case(const Setup& s) {
  const LabelOptions options{.normalizer = s.normalizer};
  const auto call = [=](const auto& e, Io& io) {
    kernels::label_norm(e, io.in[0].view(), view_or_absent(io.in[1], s.weights),
                        view_or_absent(io.in[2], s.class_weights), io.out[0].view(), io.out[1].view(), s.classes,
                        options);
  };
  return {.op = "label_norm",
          .name = name_of(s),
          .make =
              [=] {
                const Array weights = s.low < 0 ? constant(s.shape, 0) : uniform(s.shape, 0, 1, 3);
                Io io;
                io.in = {Buffer(labels_of(s.shape, s.classes, s.kind), DType::u8), Buffer(weights, DType::f32),
                         Buffer(uniform({s.classes}, 0.5, 2, 4), DType::f32)};
                io.out = {Buffer(Shape{}, DType::f32), Buffer(constant({}, 0), DType::u32)};
                return io;
              },
          .cpu = [=](const CpuExec& e, Io& io) { call(e, io); },
          .cuda = SEGUE_CUDA_CALL([=](const CudaExec& e, Io& io) { call(e, io); }),
          .reference =
              [=](const Io& io) {
                const Array labels = io.in[0].array();
                const double inv = inv_norm_of(labels, s.weights ? io.in[1].array() : Array(),
                                               s.class_weights ? io.in[2].array() : Array(), s.classes, s.normalizer);
                return std::vector<Array>{constant({}, inv), constant({}, status_of(labels, s.classes))};
              },
          .longest_sum = {s.shape.count()},
          .bytes = double(s.shape.count()) * (s.weights && s.normalizer == Normalizer::weights ? 5 : 1)};
}

}  // namespace

void label_norm_cases(Registry& r) {
  for (const Shape& shape : {Shape{1}, Shape{33}, Shape{769}, Shape{2, 19, 33}, Shape{32769}, Shape{3, 151, 211}})
    for (Normalizer n : {Normalizer::valid, Normalizer::weights, Normalizer::all})
      r.cases.push_back(norm_case({.shape = shape, .normalizer = n, .weights = true, .class_weights = true}));
  for (Normalizer n : {Normalizer::valid, Normalizer::weights, Normalizer::all}) {
    r.cases.push_back(norm_case({.shape = {2, 5, 33}, .normalizer = n}));
    r.cases.push_back(norm_case({.shape = {2, 5, 33}, .normalizer = n, .kind = LabelKind::bad, .weights = true}));
    r.cases.push_back(norm_case({.shape = {2, 5, 33}, .normalizer = n, .kind = LabelKind::all_ignored}));
    r.cases.push_back(norm_case({.shape = {769}, .classes = 256, .normalizer = n, .class_weights = true}));
  }
  r.cases.push_back(norm_case(
      {.shape = {769}, .normalizer = Normalizer::weights, .weights = true, .class_weights = true, .low = -1}));
  r.cases.push_back(bench_only(norm_case({.shape = {4, 512, 1024}})));
  r.cases.push_back(
      bench_only(norm_case({.shape = {4, 512, 1024}, .normalizer = Normalizer::weights, .weights = true})));
}

}  // namespace segue::cases
