// exp, log and relatives in f32, written without branches or calls so that plain loops over them are vectorised.
// Their bits are those of the arithmetic below, the same for every vector length; libm's would differ by machine.
// Errors are bounded by tests/suites/vmath_test.cpp, in units of the last place of the exact result.
#pragma once

#include <bit>
#include <cstdint>

namespace segue {

#define SEGUE_VMATH [[gnu::always_inline]] inline

/// exp(x): 1.5 ulp. Exact at the limits: 0 below -103.98, subnormal results are right, inf above 88.73, NaN for NaN.
SEGUE_VMATH float vexp(float x) {
  // x = n ln 2 + r, |r| <= ln 2 / 2. Adding 1.5 2^23 rounds to an integer and leaves it in the low bits.
  constexpr float kRound = 12582912.f;
  x = x > 89.f ? 89.f : x;      // both limits still lie beyond the range of f32,
  x = x < -105.f ? -105.f : x;  // and a NaN passes
  const float shifted = x * 1.44269504f + kRound;
  const float n = shifted - kRound;
  const float r = (x - n * 0.693145752f) - n * 1.42860677e-6f;  // ln 2 in two parts: n times the first is exact
  // (exp(r) - 1 - r) / r^2, minimax: error 3.2e-9 of exp(r).
  float p = 0.00138141913f;
  p = p * r + 0.00836891402f;
  p = p * r + 0.0416684076f;
  p = p * r + 0.166665196f;
  p = p * r + 0.49999994f;
  p = (p * r) * r + r + 1.f;
  // times 2^n in two factors: n reaches from -152 to 128
  const int32_t i = std::bit_cast<int32_t>(shifted) - std::bit_cast<int32_t>(kRound);
  const int32_t half = i >> 1;
  const float a = std::bit_cast<float>(uint32_t(half + 127) << 23);
  const float b = std::bit_cast<float>(uint32_t(i - half + 127) << 23);
  return p * a * b;
}

/// Natural logarithm: 1.5 ulp. -inf for 0, NaN below 0 and for NaN, inf for inf; subnormal arguments are right.
SEGUE_VMATH float vlog(float x) {
  const bool small = x < 1.17549435e-38f;
  const float scaled = small ? x * 8388608.f : x;
  // scaled = 2^e m with m in [sqrt(1/2), sqrt(2)): the bits of sqrt(1/2) become the border between two exponents.
  constexpr uint32_t kBorder = 0x3f3504f3u;
  const uint32_t bits = std::bit_cast<uint32_t>(scaled) - kBorder;
  const float e = float(int32_t(bits) >> 23) - (small ? 23.f : 0.f);
  const float f = std::bit_cast<float>((bits & 0x007fffffu) + kBorder) - 1.f;
  // (log(1+f) - f + f^2/2) / f^3, minimax: error 5.9e-9 of f^2.
  float p = -0.0785961673f;
  p = p * f + 0.1288165f;
  p = p * f - 0.13128753f;
  p = p * f + 0.141811922f;
  p = p * f - 0.166245535f;
  p = p * f + 0.200022861f;
  p = p * f - 0.250008106f;
  p = p * f + 0.333333164f;
  const float f2 = f * f;
  float y = (p * f) * f2 + e * 1.42860677e-6f;
  y = (y - 0.5f * f2) + f;
  y += e * 0.693145752f;
  constexpr float kInf = __builtin_inff();
  y = x > 0.f ? y : __builtin_nanf("");  // negative or NaN
  y = x == 0.f ? -kInf : y;
  return x == kInf ? kInf : y;
}

/// log(1 + x): 3 ulp, small x too. For x > -1.
SEGUE_VMATH float vlog1p(float x) {
  // u differs from 1 + x by a rounding, whose share (x - (u-1)) / u is added back.
  const float u = 1.f + x;
  const float y = vlog(u) + (x - (u - 1.f)) / u;
  return u == __builtin_inff() ? u : y;
}

/// 1 / (1 + exp(-x)): 4 ulp; 0 and 1 at the limits.
SEGUE_VMATH float vsigmoid(float x) { return 1.f / (1.f + vexp(-x)); }

/// tanh(x): 3 ulp, small x too; -1 and 1 at the limits.
SEGUE_VMATH float vtanh(float x) {
  const float a = x < 0.f ? -x : x;
  const float z = a * a;
  // (tanh(x) / x - 1) / x^2 for |x| < 0.625, minimax: error 4.2e-9 of x^2.
  float p = -0.00571704516f;
  p = p * z + 0.020650588f;
  p = p * z - 0.0537434965f;
  p = p * z + 0.133314908f;
  p = p * z - 0.333332837f;
  const float near = (p * z) * a + a;
  const float far = 1.f - 2.f / (vexp(2.f * a) + 1.f);
  const float y = a < 0.625f ? near : far;
  return std::bit_cast<float>((std::bit_cast<uint32_t>(y) & 0x7fffffffu) | (std::bit_cast<uint32_t>(x) & 0x80000000u));
}

#undef SEGUE_VMATH

}  // namespace segue
