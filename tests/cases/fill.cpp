#include "kernels/fill.h"

#include "cases_of.h"

namespace segue::cases {
namespace {

Case fill_case(const Shape& shape, float value, const Format& f = {}) {
  const auto call = [=](const auto& e, Io& io) { kernels::fill(e, io.out[0].view(), value); };
  return {.op = "fill",
          .name = f.name(shape) + (value == 0 ? "_zero" : ""),
          .make =
              [=] {
                return Io{{}, {f(shape)}};
              },
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference = [=](const Io&) { return std::vector<Array>{constant(shape, double(value))}; },
          .bytes = double(shape.count() * f.bytes())};
}

/// A copy takes padding lanes along, so that it serves every pitch.
Case copy_case(const Shape& shape, DType dtype = DType::f32, int64_t pitch = 0) {
  const bool integers = dtype != DType::f32 && dtype != DType::f64 && dtype != DType::bf16 && dtype != DType::f16;
  const auto call = [](const auto& e, Io& io) { kernels::copy(e, io.in[0].view(), io.out[0].view()); };
  return {.op = "copy",
          .name = case_name(shape, dtype, pitch),
          .make =
              [=] {
                const Array values = integers ? labels(shape, 19, 7) : uniform(shape, -1, 1);
                return Io{{Buffer(values, dtype, pitch)}, {Buffer(shape, dtype, pitch)}};
              },
          .cpu = call,
          .cuda = SEGUE_CUDA_CALL(call),
          .reference = [](const Io& io) { return std::vector<Array>{io.in[0].array()}; },
          .bytes = 2.0 * double(shape.pixels() * (pitch ? pitch : shape.channels()) * size_of(dtype))};
}

/// To another type or pitch: CUDA only.
Case convert_case(const Shape& shape, const Format& from, const Format& to) {
  return {
      .op = "copy",
      .name = from.name(shape) + "_to_" + to.name(shape),
      .make =
          [=] {
            return Io{{from(uniform(shape, -1, 1))}, {to(shape)}};
          },
      .cuda = SEGUE_CUDA_CALL([](const CudaExec& e, Io& io) { kernels::copy(e, io.in[0].view(), io.out[0].view()); }),
      .reference = [](const Io& io) { return std::vector<Array>{io.in[0].array()}; },
      .bytes = double(shape.count() * (from.bytes() + to.bytes()))};
}

/// What does not fit into the narrower type becomes infinite; a NaN stays one.
Case convert_special_case(DType to) {
  Case k = convert_case({9}, {}, {to});
  k.name += "_special";
  k.make = [=] {
    Array x({9});
    x.v = {0, -HUGE_VAL, HUGE_VAL, std::nan(""), -1e-30, 3.4e38, -3.4e38, 1e-6, 1.0009765625};
    return Io{{Buffer(x, DType::f32)}, {Buffer(Shape{9}, to)}};
  };
  k.reference = [=](const Io& io) {
    // As Buffer rounds it.
    return std::vector<Array>{Buffer(io.in[0].array(), to).array()};
  };
  return k;
}

/// From or to channels 8 to 23 of an image of 48, or both: the other lanes stay.
Case slice_case(DType from, bool from_slice, DType to, bool to_slice) {
  const Shape shape{3, 19, 33, 16}, wide{3, 19, 33, 48};
  return {
      .op = "copy",
      .name = case_name(shape, from) + (from_slice ? "_slice_to_" : "_to_") + name_of(to) + (to_slice ? "_slice" : ""),
      .make =
          [=] {
            return Io{{Buffer(uniform(from_slice ? wide : shape, -1, 1, 1), from)},
                      {to_slice ? Buffer(uniform(wide, -1, 1, 2), to) : Buffer(shape, to)}};
          },
      .cuda = SEGUE_CUDA_CALL([=](const CudaExec& e, Io& io) {
        const View x = io.in[0].view(), y = io.out[0].view();
        kernels::copy(e, from_slice ? x.slice(8, 16) : x, to_slice ? y.slice(8, 16) : y);
      }),
      .reference =
          [=](const Io& io) {
            const Array x = io.in[0].array(), part = from_slice ? slice_array(x, shape, 8) : x;
            return std::vector<Array>{to_slice ? with_slice(io.out[0].array(), part, 8) : part};
          },
      .bytes = double(shape.count() * (size_of(from) + size_of(to)))};
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
  for (const Format& f : kCudaFormats) r.cases.push_back(fill_case({3, 19, 33, 19}, -1.25f, f));
  for (const Format& f : kOddFormats) r.cases.push_back(fill_case({3, 19, 33, 19}, -1.25f, f));
  // Slabs: dense in every type. Images: between types and between pitches.
  constexpr DType kTypes[] = {DType::f32, DType::bf16, DType::f16};
  for (DType from : kTypes)
    for (DType to : kTypes) {
      if (from != to) r.cases.push_back(convert_case({14345}, {from}, {to}));
      if (from != to) r.cases.push_back(convert_case({3, 19, 33, 19}, {from, 8}, {to, 8}));
      r.cases.push_back(convert_case({3, 19, 33, 19}, {from}, {to, 8}));
      r.cases.push_back(convert_case({3, 19, 33, 3}, {from, 8}, {to}));
      r.cases.push_back(convert_case({5, 7, 7}, {from, 5}, {to, 3}));
    }
  for (DType from : kTypes)
    for (DType to : {DType::f32, DType::bf16}) {
      r.cases.push_back(slice_case(from, true, to, false));
      r.cases.push_back(slice_case(from, false, to, true));
      r.cases.push_back(slice_case(from, true, to, true));
    }
  for (DType to : {DType::bf16, DType::f16}) r.cases.push_back(convert_special_case(to));
  r.cases.push_back(bench_only(convert_case({1 << 25}, {}, {DType::bf16})));
  r.cases.push_back(bench_only(fill_case({4, 64, 128, 256}, 1.f)));
  r.cases.push_back(bench_only(copy_case({4, 64, 128, 256})));
}

}  // namespace segue::cases
