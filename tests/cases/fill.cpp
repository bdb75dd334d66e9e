#include "kernels/fill.h"

#include "cases_of.h"

namespace segue::cases {
namespace {

Case fill_case(const Shape& shape, float value) {
  return {.op = "fill",
          .name = case_name(shape) + (value == 0 ? "_zero" : ""),
          .make =
              [=] {
                return Io{{}, {Buffer(shape, DType::f32)}};
              },
          .cpu = [=](const CpuExec& e, Io& io) { kernels::fill(e, io.out[0].view(), value); },
          .reference = [=](const Io&) { return std::vector<Array>{constant(shape, double(value))}; },
          .bytes = 4.0 * double(shape.count())};
}

/// A copy takes padding lanes along, so that it serves every pitch.
Case copy_case(const Shape& shape, DType dtype = DType::f32, int64_t pitch = 0) {
  const bool integers = dtype != DType::f32 && dtype != DType::f64 && dtype != DType::bf16 && dtype != DType::f16;
  return {.op = "copy",
          .name = case_name(shape, dtype, pitch),
          .make =
              [=] {
                const Array values = integers ? labels(shape, 19, 7) : uniform(shape, -1, 1);
                return Io{{Buffer(values, dtype, pitch)}, {Buffer(shape, dtype, pitch)}};
              },
          .cpu = [](const CpuExec& e, Io& io) { kernels::copy(e, io.in[0].view(), io.out[0].view()); },
          .reference = [](const Io& io) { return std::vector<Array>{io.in[0].array()}; },
          .bytes = 2.0 * double(shape.pixels() * (pitch ? pitch : shape.channels()) * size_of(dtype))};
}

}  // namespace

void fill_cases(Registry& r) {
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{33}, Shape{769}, Shape{8193}, Shape{2, 19, 33, 3}}) {
    r.cases.push_back(fill_case(shape, -1.25f));
    r.cases.push_back(copy_case(shape));
  }
  r.cases.push_back(fill_case({33}, 0.f));
  for (DType t : {DType::bf16, DType::f16, DType::f64, DType::u8, DType::i32, DType::u32, DType::i64, DType::u64})
    r.cases.push_back(copy_case({3, 769, 17}, t));
  r.cases.push_back(copy_case({3, 5, 7, 19}, DType::f32, 24));
  r.cases.push_back(copy_case({3, 5, 7, 19}, DType::bf16, 24));
  r.cases.push_back(bench_only(fill_case({4, 64, 128, 256}, 1.f)));
  r.cases.push_back(bench_only(copy_case({4, 64, 128, 256})));
}

}  // namespace segue::cases
