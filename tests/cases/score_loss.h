// The cases of losses of scores against a constant: lsgan and bce_logits.
#pragma once

#include "cases_of.h"
#include "runtime/ops.h"

namespace segue::cases {

/// One such loss: its launcher, its op, its value and slope at one score.
struct ScoreLoss {
  const char* op;
  void (*cpu)(const CpuExec&, const View& x, float target, const View& loss, const View& dx);
  void (*cuda)(const CudaExec&, const View& x, float target, const View& loss, const View& dx);
  Tensor (*on_tape)(Context&, const Tensor&, float);
  double (*value)(double x, double target);
  double (*slope)(double x, double target);

  double loss_of(const Array& x, double target) const {
    double sum = 0;
    for (double v : x.v) sum += value(v, target);
    return sum / double(x.count());
  }
  /// Of the sum behind the mean, times `dsum`.
  Array gradient_of(const Array& x, double target, double dsum) const {
    Array d(x.shape);
    for (int64_t i = 0; i < x.count(); ++i) d[i] = dsum * slope(x[i], target);
    return d;
  }
};

inline Case score_case(const ScoreLoss& s, const Shape& shape, float target, double range, bool gradient = true,
                       const Format& f = {}) {
  const auto call = [=](auto launch, const auto& e, Io& io) {
    launch(e, io.in[0].view(), target, io.out[0].view(), gradient ? io.out[1].view() : View());
  };
  return {.op = s.op,
          .name = f.name(shape) + "_to_" + std::to_string(int(target * 10)) + (range > 10 ? "_extreme" : "") +
                  (gradient ? "" : "_loss_only"),
          .make =
              [=] {
                Io io{{f(uniform(shape, -range, range))}, {Buffer(Shape{}, DType::f32)}};
                if (gradient) io.out.push_back(f(shape));
                return io;
              },
          .cpu = f.cpu([=](const CpuExec& e, Io& io) { call(s.cpu, e, io); }),
          .cuda = SEGUE_CUDA_CALL([=](const CudaExec& e, Io& io) { call(s.cuda, e, io); }),
          .reference =
              [=](const Io& io) {
                const Array x = io.in[0].array();
                std::vector<Array> want{constant({}, s.loss_of(x, double(target)))};
                if (gradient) want.push_back(s.gradient_of(x, double(target), 1));
                return want;
              },
          .longest_sum = {shape.count(), 1},
          .bytes = double(shape.count() * f.bytes()) * (gradient ? 2 : 1)};
}

inline void score_cases(Registry& r, const ScoreLoss& s) {
  for (const Shape& shape : {Shape{1}, Shape{33}, Shape{769}, Shape{8193}, Shape{2, 30, 30, 1}})
    for (float target : {0.f, 1.f, 0.9f}) r.cases.push_back(score_case(s, shape, target, 6));
  r.cases.push_back(score_case(s, {769}, 0, 100));
  r.cases.push_back(score_case(s, {769}, 1, 100));
  r.cases.push_back(score_case(s, {4097}, 1, 6, false));
  for (const Format& f : kCudaFormats) {
    r.cases.push_back(score_case(s, {2, 30, 30, 1}, 0.9f, 2, true, f));
    r.cases.push_back(score_case(s, {3, 5, 7, 19}, 0, 2, true, f));
  }
  r.cases.push_back(score_case(s, {2, 30, 30, 1}, 1, 2, false, kCudaFormats[1]));
  for (const Format& f : kOddFormats) r.cases.push_back(score_case(s, {5, 7, 19}, 1, 2, true, f));
  r.cases.push_back(bench_only(score_case(s, {4, 62, 126, 1}, 1, 6)));
  r.cases.push_back(bench_only(score_case(s, {4, 62, 126, 1}, 1, 6, true, kCudaFormats[1])));

  for (float target : {0.f, 1.f})
    r.gradients.push_back(
        {.op = s.op,
         .name = "3x5x4_to_" + std::to_string(int(target)),
         .inputs = {uniform({3, 5, 4}, -3, 3)},
         .forward = [=](const std::vector<Array>& x) { return constant({}, s.loss_of(x[0], double(target))); },
         .gradient =
             [=](const std::vector<Array>& x, const Array& dy) {
               return std::vector<Array>{s.gradient_of(x[0], double(target), dy[0] / double(x[0].count()))};
             },
         .op_call = [=](Context& c, std::vector<Tensor>& x) { return s.on_tape(c, x[0], target); },
         .longest_sum = 60});
}

}  // namespace segue::cases
