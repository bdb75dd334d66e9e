// bf16 and IEEE 754 binary16 on the host: for files, tests, and reading device memory. Kernels have the hardware's.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/view.h"

namespace segue {

inline float bf16_to_float(uint16_t bits) { return std::bit_cast<float>(uint32_t(bits) << 16); }

/// To the nearest, ties to even, as hardware does. NaN stays NaN.
inline uint16_t float_to_bf16(float f) {
  const uint32_t u = std::bit_cast<uint32_t>(f);
  if ((u & 0x7fffffffu) > 0x7f800000u) return uint16_t((u >> 16) | 0x40);
  return uint16_t((u + 0x7fff + ((u >> 16) & 1)) >> 16);
}

inline float f16_to_float(uint16_t bits) {
  const uint32_t sign = uint32_t(bits & 0x8000u) << 16, exponent = (bits >> 10) & 31u, fraction = bits & 0x3FFu;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000u | (fraction << 13));
  if (exponent > 0) return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (fraction << 13));
  // Subnormal: fraction * 2^-24, exact in f32.
  const float magnitude = float(fraction) * 0x1p-24f;
  return sign ? -magnitude : magnitude;
}

/// To the nearest, ties to even; from f32 or f64 alike, rounded once. Too large becomes infinite, NaN stays NaN.
inline uint16_t to_f16(double d) {
  const uint16_t sign = std::signbit(d) ? 0x8000 : 0;
  const double a = std::abs(d);
  if (std::isnan(d)) return uint16_t(sign | 0x7e00);
  if (a >= 65520) return uint16_t(sign | 0x7c00);
  const int e = a > 0 && std::ilogb(a) > -14 ? std::ilogb(a) : -14;
  const double units = std::nearbyint(std::ldexp(a, 10 - e));  // to nearest even in the default mode
  return uint16_t(sign + (units < 1024 ? int(units) : ((e + 14) << 10) + int(units)));
}

/// The f32, bf16 or f16 value at `p`, of any alignment.
inline float load_float(const std::byte* p, DType t) {
  if (t == DType::f32) {
    float f;
    std::memcpy(&f, p, sizeof f);
    return f;
  }
  uint16_t h;
  std::memcpy(&h, p, sizeof h);
  require(t == DType::bf16 || t == DType::f16, "float", "expects f32, bf16 or f16; got ", t);
  return t == DType::bf16 ? bf16_to_float(h) : f16_to_float(h);
}

/// Writes `f`, rounded, likewise.
inline void store_float(float f, std::byte* p, DType t) {
  require(t == DType::f32 || t == DType::bf16 || t == DType::f16, "float", "expects f32, bf16 or f16; got ", t);
  if (t == DType::f32) return void(std::memcpy(p, &f, sizeof f));
  const uint16_t h = t == DType::bf16 ? float_to_bf16(f) : to_f16(double(f));
  std::memcpy(p, &h, sizeof h);
}

}  // namespace segue
