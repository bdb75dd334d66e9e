// Every branch-free function against libm in double precision, over a fixed walk through all f32 values.
#include "kernels/vmath.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace segue {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
const float kNan = std::numeric_limits<float>::quiet_NaN();

/// Distance of `got` from the exact value in units of the last place of f32 there.
double ulps(float got, double want) {
  const double limit = double(std::numeric_limits<float>::max());
  if (std::isnan(want)) return std::isnan(got) ? 0 : 1e9;
  if (std::isinf(want) || std::fabs(want) > limit)
    return std::isinf(got) && (got > 0) == (want > 0) ? 0 : std::fabs(got) >= limit ? 1 : 1e9;
  if (!std::isfinite(got)) return 1e9;
  int exponent = 0;
  std::frexp(want, &exponent);
  return std::fabs(double(got) - want) / std::ldexp(1.0, std::max(exponent - 24, -149));
}

struct Worst {
  double error = 0;
  float at = 0;
};

/// The largest error over every 257th bit pattern: 16.7 million values, both signs, subnormal and infinite ones too.
/// The loop over a block is the one kernels have, so the vectorised code is what is tested.
template <class F, class Exact>
Worst sweep(F f, Exact exact, float lo = -kInf, float hi = kInf) {
  constexpr size_t kBlock = 4096;
  std::vector<float> x(kBlock), y(kBlock);
  Worst worst;
  for (uint64_t bits = 0; bits < (uint64_t(1) << 32);) {
    size_t n = 0;
    for (; n < kBlock && bits < (uint64_t(1) << 32); bits += 257) {
      const float v = std::bit_cast<float>(uint32_t(bits));
      if (!(v < lo) && !(v > hi)) x[n++] = v;
    }
    for (size_t i = 0; i < n; ++i) y[i] = f(x[i]);
    for (size_t i = 0; i < n; ++i) {
      const double e = ulps(y[i], exact(double(x[i])));
      if (e > worst.error) worst = {e, x[i]};
    }
  }
  return worst;
}

#define EXPECT_WITHIN(worst, bound)                                        \
  EXPECT_LE((worst).error, bound) << "at " << std::hexfloat << (worst).at; \
  RecordProperty("worst_ulp", std::to_string((worst).error))

TEST(Vmath, Exp) {
  const Worst w = sweep([](float x) { return vexp(x); }, [](double x) { return std::exp(x); });
  EXPECT_WITHIN(w, 1.5);
  EXPECT_EQ(vexp(0.f), 1.f);
  EXPECT_EQ(vexp(-kInf), 0.f);
  EXPECT_EQ(vexp(-200.f), 0.f);
  EXPECT_EQ(vexp(kInf), kInf);
  EXPECT_EQ(vexp(1e30f), kInf);
  EXPECT_TRUE(std::isnan(vexp(kNan)));
  EXPECT_TRUE(std::isnan(vexp(-kNan)));
}

TEST(Vmath, Log) {
  const Worst w = sweep([](float x) { return vlog(x); }, [](double x) { return std::log(x); });
  EXPECT_WITHIN(w, 1.5);
  EXPECT_EQ(vlog(1.f), 0.f);
  EXPECT_EQ(vlog(0.f), -kInf);
  EXPECT_EQ(vlog(-0.f), -kInf);
  EXPECT_EQ(vlog(kInf), kInf);
  EXPECT_TRUE(std::isnan(vlog(-1.f)));
  EXPECT_TRUE(std::isnan(vlog(-kInf)));
  EXPECT_TRUE(std::isnan(vlog(kNan)));
}

TEST(Vmath, Log1p) {
  const float above = std::nextafter(-1.f, 0.f);
  const Worst w = sweep([](float x) { return vlog1p(x); }, [](double x) { return std::log1p(x); }, above);
  EXPECT_WITHIN(w, 3.0);
  EXPECT_EQ(vlog1p(0.f), 0.f);
  EXPECT_EQ(vlog1p(1e-30f), 1e-30f);
  EXPECT_EQ(vlog1p(kInf), kInf);
  EXPECT_TRUE(std::isnan(vlog1p(kNan)));
}

TEST(Vmath, Sigmoid) {
  const Worst w = sweep([](float x) { return vsigmoid(x); }, [](double x) { return 1 / (1 + std::exp(-x)); }, -87.f);
  EXPECT_WITHIN(w, 4.0);
  EXPECT_EQ(vsigmoid(0.f), 0.5f);
  EXPECT_EQ(vsigmoid(kInf), 1.f);
  EXPECT_EQ(vsigmoid(-kInf), 0.f);
  EXPECT_TRUE(std::isnan(vsigmoid(kNan)));
}

TEST(Vmath, Tanh) {
  const Worst w = sweep([](float x) { return vtanh(x); }, [](double x) { return std::tanh(x); });
  EXPECT_WITHIN(w, 3.0);
  EXPECT_EQ(vtanh(0.f), 0.f);
  EXPECT_TRUE(std::signbit(vtanh(-0.f)));
  EXPECT_EQ(vtanh(kInf), 1.f);
  EXPECT_EQ(vtanh(-kInf), -1.f);
  EXPECT_EQ(vtanh(1e-20f), 1e-20f);
  EXPECT_TRUE(std::isnan(vtanh(kNan)));
}

}  // namespace
}  // namespace segue
