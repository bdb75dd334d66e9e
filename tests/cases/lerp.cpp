#include "kernels/lerp.h"

#include "cases_of.h"

namespace segue::cases {
namespace {

// In: x, weight. Out: y, and the rounded twin if there is one.
std::vector<Array> reference(const Io& io) {
  Array y = io.out[0].array();
  const Array x = io.in[0].array();
  const double weight = io.in[1].array()[0];
  for (int64_t i = 0; i < y.count(); ++i) y[i] = weight == 1 ? x[i] : y[i] + weight * (x[i] - y[i]);
  return std::vector<Array>(io.out.size(), y);
}

Case lerp_case(const Shape& shape, double weight) {
  const auto call = [](const auto& e, Io& io) {
    kernels::lerp(e, io.out[0].view(), io.in[0].view(), io.in[1].view(), io.out.size() > 1 ? io.out[1].view() : View());
  };
  return {.op = "lerp",
          .name = case_name(shape) + "_permille_" + std::to_string(int(weight * 1000)),
          .make =
              [=] {
                return Io{{Buffer(uniform(shape, -1, 1, 1), DType::f32), Buffer(constant({}, weight), DType::f32)},
                          {Buffer(uniform(shape, -1, 1, 2), DType::f32)}};
              },
          .cpu = call,
          .cuda = SEGUE_CUDA_CALL(call),
          .reference = reference,
          .bytes = 12.0 * double(shape.count())};
}

/// With a twin of the result in a narrower type: CUDA only.
Case rounded_case(Case k, const Shape& shape, DType twin) {
  const auto make = k.make;
  k.name += std::string("_") + name_of(twin) + "_twin";
  k.make = [=] {
    Io io = make();
    io.out.push_back(Buffer(shape, twin));
    return io;
  };
  k.cpu = nullptr;
  k.bytes += double(shape.count() * size_of(twin));
  return k;
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
    for (DType twin : {DType::bf16, DType::f16}) {
      r.cases.push_back(rounded_case(lerp_case(shape, 0.25), shape, twin));
      r.cases.push_back(rounded_case(copy_case(shape), shape, twin));
    }
  }
  r.cases.push_back(bench_only(lerp_case({1 << 25}, 0.001)));
  r.cases.push_back(bench_only(rounded_case(lerp_case({1 << 25}, 0.001), {1 << 25}, DType::bf16)));
}

}  // namespace segue::cases
