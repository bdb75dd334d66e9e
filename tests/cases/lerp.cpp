#include "kernels/lerp.h"

#include "cases_of.h"

namespace segue::cases {
namespace {

std::vector<Array> reference(const Io& io) {
  Array y = io.out[0].array();
  const Array x = io.in[0].array();
  const double weight = io.in[1].array()[0];
  for (int64_t i = 0; i < y.count(); ++i) y[i] = weight == 1 ? x[i] : y[i] + weight * (x[i] - y[i]);
  return {y};
}

void launch(const CpuExec& e, Io& io) { kernels::lerp(e, io.out[0].view(), io.in[0].view(), io.in[1].view()); }

Case lerp_case(const Shape& shape, double weight) {
  return {.op = "lerp",
          .name = case_name(shape) + "_permille_" + std::to_string(int(weight * 1000)),
          .make =
              [=] {
                return Io{{Buffer(uniform(shape, -1, 1, 1), DType::f32), Buffer(constant({}, weight), DType::f32)},
                          {Buffer(uniform(shape, -1, 1, 2), DType::f32)}};
              },
          .cpu = launch,
          .reference = reference,
          .bytes = 12.0 * double(shape.count())};
}

/// The first step of a teacher, whose memory may hold anything, NaN here: only a copy gives the student.
Case copy_case(const Shape& shape) {
  Case k = lerp_case(shape, 1);
  k.name = case_name(shape) + "_from_nan";
  k.make = [=] {
    return Io{{Buffer(uniform(shape, -1, 1), DType::f32), Buffer(constant({}, 1), DType::f32)},
              {Buffer(shape, DType::f32)}};
  };
  return k;
}

}  // namespace

void lerp_cases(Registry& r) {
  for (const Shape& shape : {Shape{}, Shape{33}, Shape{769}, Shape{8193}, Shape{48, 3, 3, 19}}) {
    for (double weight : {0.0, 0.001, 0.25, 1.0}) r.cases.push_back(lerp_case(shape, weight));
    r.cases.push_back(copy_case(shape));
  }
  r.cases.push_back(bench_only(lerp_case({1 << 25}, 0.001)));
}

}  // namespace segue::cases
