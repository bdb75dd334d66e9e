#include "kernels/phases.h"

#include "cases_of.h"
#include "runtime/ops.h"

namespace segue::cases {
namespace {

/// Calls f(element of the phases, element of the images or -1).
template <class F>
void for_each_element(const Shape& images, const Shape& phases, int64_t factor, F f) {
  int64_t at = 0;
  for (int64_t n = 0; n < images[0]; ++n)
    for (int64_t a = 0; a < factor; ++a)
      for (int64_t b = 0; b < factor; ++b)
        for (int64_t i = 0; i < phases[1]; ++i)
          for (int64_t j = 0; j < phases[2]; ++j)
            for (int64_t c = 0; c < images[3]; ++c, ++at) {
              const int64_t h = factor * i + a, w = factor * j + b;
              f(at, h < images[1] && w < images[2] ? ((n * images[1] + h) * images[2] + w) * images[3] + c : -1);
            }
}

Array to(const Array& x, const Shape& phases, int64_t factor) {
  Array y(phases);
  for_each_element(x.shape, phases, factor, [&](int64_t p, int64_t i) { y[p] = i < 0 ? 0 : x[i]; });
  return y;
}

Array from(const Array& x, Array y, int64_t factor, bool accumulate = false) {
  for_each_element(y.shape, x.shape, factor, [&](int64_t p, int64_t i) {
    if (i >= 0) y[i] = x[p] + (accumulate ? y[i] : 0);
  });
  return y;
}

struct Size {
  Shape images;
  int64_t factor, height, width;  // of a phase
  Shape phases() const { return {images[0] * factor * factor, height, width, images[3]}; }
  std::string name(const Format& f) const {
    return f.name(images) + "_by_" + std::to_string(factor) + "_" + case_name(phases());
  }
  double bytes(const Format& f) const { return 2.0 * double(images.count() * f.bytes()); }
};

Case to_case(const Size& s, const Format& f = {}) {
  const auto call = [=](const auto& e, Io& io) { kernels::to_phases(e, io.in[0].view(), io.out[0].view(), s.factor); };
  return {.op = "to_phases",
          .name = s.name(f),
          .make =
              [=] {
                return Io{{f(uniform(s.images, -1, 1))}, {f(s.phases())}};
              },
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference = [=](const Io& io) { return std::vector<Array>{to(io.in[0].array(), s.phases(), s.factor)}; },
          .bytes = s.bytes(f)};
}

Case from_case(const Size& s, bool accumulate, const Format& f = {}) {
  const auto call = [=](const auto& e, Io& io) {
    kernels::from_phases(e, io.in[0].view(), io.out[0].view(), s.factor, accumulate);
  };
  return {.op = "from_phases",
          .name = s.name(f) + (accumulate ? "_add" : ""),
          .make =
              [=] {
                const Array before = accumulate ? uniform(s.images, -1, 1, 7) : Array(s.images);
                return Io{{f(uniform(s.phases(), -1, 1))}, {accumulate ? f(before) : f(s.images)}};
              },
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference =
              [=](const Io& io) {
                const Array y = accumulate ? io.out[0].array() : Array(s.images);
                return std::vector<Array>{from(io.in[0].array(), y, s.factor, accumulate)};
              },
          .bytes = s.bytes(f) * (accumulate ? 1.5 : 1)};
}

// The images as a slice of wider ones.
constexpr int64_t kLane = 8, kWide = 48;

Case to_slice_case(const Size& s, DType dtype) {
  Case k = to_case(s, {dtype});
  k.name += "_of_slice";
  k.cpu = nullptr;
  k.make = [=] { return Io{{Buffer(wide_shaped(s.images, kWide, 1), dtype)}, {Buffer(s.phases(), dtype)}}; };
  k.cuda = SEGUE_CUDA_CALL([=](const CudaExec& e, Io& io) {
    kernels::to_phases(e, slice_view(io.in[0], s.images, kLane), io.out[0].view(), s.factor);
  });
  k.reference = [=](const Io& io) {
    return std::vector<Array>{to(slice_array(io.in[0].array(), s.images, kLane), s.phases(), s.factor)};
  };
  return k;
}

Case from_slice_case(const Size& s, bool accumulate, DType dtype) {
  Case k = from_case(s, accumulate, {dtype});
  k.name += "_of_slice";
  k.cpu = nullptr;
  k.make = [=] {
    return Io{{Buffer(uniform(s.phases(), -1, 1), dtype)}, {Buffer(wide_shaped(s.images, kWide, 2), dtype)}};
  };
  k.cuda = SEGUE_CUDA_CALL([=](const CudaExec& e, Io& io) {
    kernels::from_phases(e, io.in[0].view(), slice_view(io.out[0], s.images, kLane), s.factor, accumulate);
  });
  k.reference = [=](const Io& io) {
    const Array wide = io.out[0].array();
    const Array y = from(io.in[0].array(), slice_array(wide, s.images, kLane), s.factor, accumulate);
    return std::vector<Array>{with_slice(wide, y, kLane)};
  };
  return k;
}

}  // namespace

void phases_cases(Registry& r) {
  // Whole phases, pixels left over, phases larger than need be, more phases than pixels, one phase, several strips.
  const Size sizes[] = {{{2, 6, 8, 16}, 2, 3, 4},    {{1, 5, 7, 3}, 2, 3, 4},    {{2, 7, 5, 19}, 3, 3, 2},
                        {{1, 1, 1, 1}, 4, 1, 1},     {{3, 4, 6, 8}, 1, 4, 6},    {{1, 13, 17, 11}, 2, 9, 9},
                        {{1, 33, 5, 304}, 3, 11, 2}, {{1, 769, 2, 1}, 2, 385, 1}};
  for (const Size& s : sizes) {
    r.cases.push_back(to_case(s));
    for (bool accumulate : {false, true}) r.cases.push_back(from_case(s, accumulate));
  }
  for (const auto& formats : {kCudaFormats, kOddFormats})
    for (int k = 0; k < 3; ++k)
      for (const Size& s : {sizes[0], sizes[2], sizes[5]}) {
        r.cases.push_back(to_case(s, formats[k]));
        for (bool accumulate : {false, true}) r.cases.push_back(from_case(s, accumulate, formats[k]));
      }
  const Size slices[] = {{{2, 6, 8, 16}, 2, 3, 4}, {{1, 7, 9, 40}, 3, 3, 3}};
  for (const Size& s : slices)
    for (DType dtype : {DType::f32, DType::bf16, DType::f16}) {
      r.cases.push_back(to_slice_case(s, dtype));
      for (bool accumulate : {false, true}) r.cases.push_back(from_slice_case(s, accumulate, dtype));
    }
  const Size aspp{{8, 32, 64, 2048}, 2, 16, 32};
  r.cases.push_back(bench_only(to_case(aspp, {DType::bf16, 8})));
  r.cases.push_back(bench_only(from_case(aspp, true, {DType::bf16, 8})));

  const Size s{{2, 5, 4, 3}, 2, 3, 2};
  r.gradients.push_back(
      {.op = "to_phases",
       .name = "2x5x4x3",
       .inputs = {uniform(s.images, -1, 1)},
       .forward = [=](const std::vector<Array>& x) { return to(x[0], s.phases(), s.factor); },
       .gradient = [=](const std::vector<Array>&,
                       const Array& dy) { return std::vector<Array>{from(dy, Array(s.images), s.factor)}; },
       .op_call = [=](Context& c, std::vector<Tensor>& x) { return to_phases(c, x[0], s.factor); }});
}

}  // namespace segue::cases
