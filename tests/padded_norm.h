// A norm that pads its result against the two ops by themselves, bit for bit.
#pragma once

#include "kernels/instance_norm.h"
#include "kernels/pad_reflect.h"
#include "tests/cases/reflect_reference.h"
#include "tests/check_case.h"

namespace segue::testing {

struct PaddedNorm {
  Shape shape;
  int64_t pad, residual_pad;
  float slope;
  bool residual;

  InstanceNormOptions plain() const { return {.slope = slope}; }
  InstanceNormOptions padded() const { return {.slope = slope, .pad = pad, .residual_pad = residual_pad}; }
};

inline std::vector<PaddedNorm> padded_norms() {
  std::vector<PaddedNorm> all;
  for (const Shape& shape : {Shape{2, 4, 4, 3}, Shape{1, 33, 19, 19}, Shape{2, 17, 8, 64}})
    for (const auto& [pad, residual_pad] : {std::pair{1, 1}, std::pair{3, 0}, std::pair{3, 1}, std::pair{0, 2}})
      for (const float slope : {1.f, 0.f, 0.2f})
        for (const bool residual : {false, true}) all.push_back({shape, pad, residual_pad, slope, residual});
  return all;
}

inline std::string describe(const PaddedNorm& n) {
  return cases::case_name(n.shape) + ", pads " + std::to_string(n.pad) + " and " + std::to_string(n.residual_pad) +
         ", slope " + std::to_string(n.slope) + (n.residual ? ", residual" : "");
}

/// Operands of both ways.
class NormOperands {
 public:
  NormOperands(const PaddedNorm& n, const cases::Format& f)
      : x(f(cases::uniform(n.shape, -1, 2, 1))),
        residual(f(cases::uniform(n.shape, -1, 1, 2))),
        padded_residual(f(bordered(residual.array(), n))),
        mean({2, n.shape[0], n.shape[3]}, DType::f32),
        rstd({n.shape[0], n.shape[3]}, DType::f32) {}

  cases::Buffer x, residual, padded_residual, mean, rstd;

 private:
  // With a border of other values than a reflection's: nobody reads it.
  static cases::Array bordered(const cases::Array& inner, const PaddedNorm& n) {
    cases::Array all = cases::with_zero_border(inner, n.residual_pad);
    const cases::Array where = cases::with_zero_border(cases::constant(n.shape, 1), n.residual_pad);
    for (int64_t i = 0; i < all.count(); ++i) all[i] += where[i] == 0 ? 7 : 0;
    return all;
  }
};

template <class Exec>
void expect_padded_norm(const PaddedNorm& n, const cases::Format& f) {
  HostScratch scratch;
  Exec exec{};
  exec.scratch = &scratch;
  NormOperands o(n, f);
  const Shape large = cases::padded(n.shape, n.pad);
  cases::Buffer small = f(n.shape), want = f(large), got = f(large);
  kernels::instance_norm(exec, o.x.view(), n.residual ? o.residual.view() : View(), small.view(), o.mean.view(),
                         o.rstd.view(), n.plain());
  kernels::pad_reflect(exec, small.view(), want.view(), n.pad);
  kernels::instance_norm(exec, o.x.view(), n.residual ? o.padded_residual.view() : View(), got.view(), o.mean.view(),
                         o.rstd.view(), n.padded());
  EXPECT_TRUE(got.payload() == want.payload()) << describe(n);
}

}  // namespace segue::testing
