// Arithmetic of the street-scene renderer: integers and IEEE + - * / sqrt alone, so that a scene has the same bits on every
// machine. Files that include this are compiled with -ffp-contract=off (data/CMakeLists.txt).
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/vmath.h"

namespace segue::data::scene {

#define SEGUE_SCENE_MATH [[gnu::always_inline]] inline

struct V3 {
  float x = 0, y = 0, z = 0;
};
/// Linear light, red green blue in x y z.
using Color = V3;

SEGUE_SCENE_MATH V3 operator+(V3 a, V3 b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
SEGUE_SCENE_MATH V3 operator-(V3 a, V3 b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
SEGUE_SCENE_MATH V3 operator*(V3 a, V3 b) { return {a.x * b.x, a.y * b.y, a.z * b.z}; }
SEGUE_SCENE_MATH V3 operator*(V3 a, float s) { return {a.x * s, a.y * s, a.z * s}; }
SEGUE_SCENE_MATH float dot(V3 a, V3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
SEGUE_SCENE_MATH V3 cross(V3 a, V3 b) { return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x}; }
SEGUE_SCENE_MATH float length(V3 a) { return std::sqrt(dot(a, a)); }
/// Unit vector; `a` itself where it is too short to have a direction.
SEGUE_SCENE_MATH V3 normalize(V3 a) {
  const float l = length(a);
  return l > 1e-12f ? a * (1.f / l) : a;
}

SEGUE_SCENE_MATH float least(float a, float b) { return a < b ? a : b; }
SEGUE_SCENE_MATH float most(float a, float b) { return a > b ? a : b; }
SEGUE_SCENE_MATH float clamp(float x, float lo, float hi) { return x < lo ? lo : x > hi ? hi : x; }
SEGUE_SCENE_MATH float unit(float x) { return clamp(x, 0.f, 1.f); }
SEGUE_SCENE_MATH float mix(float a, float b, float t) { return a + (b - a) * t; }
SEGUE_SCENE_MATH V3 mix(V3 a, V3 b, float t) { return a + (b - a) * t; }
SEGUE_SCENE_MATH float magnitude(float x) { return x < 0 ? -x : x; }
/// 0 below `lo`, 1 above `hi`, smooth between.
SEGUE_SCENE_MATH float smooth_step(float lo, float hi, float x) {
  const float t = unit((x - lo) / (hi - lo));
  return t * t * (3.f - 2.f * t);
}

/// Largest integer not above x; |x| < 2^30.
SEGUE_SCENE_MATH int32_t floor_int(float x) {
  const int32_t i = int32_t(x);
  return i - int32_t(x < float(i));
}
SEGUE_SCENE_MATH float fraction(float x) { return x - float(floor_int(x)); }

/// sin(2 pi t): error below 4e-6 (odd polynomial on a quarter turn).
SEGUE_SCENE_MATH float sin_turns(float t) {
  t = t - float(floor_int(t + 0.5f));                     // [-1/2, 1/2)
  t = t > 0.25f ? 0.5f - t : t < -0.25f ? -0.5f - t : t;  // [-1/4, 1/4]
  const float a = t * 6.28318531f, q = a * a;
  return a * (1.f + q * (-0.166666597f + q * (0.00833307f + q * (-0.000198134f + q * 2.59e-6f))));
}
SEGUE_SCENE_MATH float cos_turns(float t) { return sin_turns(t + 0.25f); }
/// x^p for x >= 0.
SEGUE_SCENE_MATH float power(float x, float p) { return x <= 0.f ? 0.f : vexp(p * vlog(x)); }

/// Mixes bits; every input bit moves every output bit (Wellons 2018, "lowbias32").
SEGUE_SCENE_MATH uint32_t hash(uint32_t x) {
  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= x >> 15;
  x *= 0x846ca68bu;
  return x ^ (x >> 16);
}
SEGUE_SCENE_MATH uint32_t hash(int32_t x, int32_t y, uint32_t seed) {
  return hash(uint32_t(x) * 0x9e3779b1u ^ hash(uint32_t(y) * 0x85ebca77u + seed));
}
/// Uniform in [0, 1) from the upper bits.
SEGUE_SCENE_MATH float to_unit(uint32_t h) { return float(h >> 8) * (1.f / 16777216.f); }
SEGUE_SCENE_MATH float hash_unit(int32_t x, int32_t y, uint32_t seed) { return to_unit(hash(x, y, seed)); }

/// Smooth random field in [0, 1) with features of size 1.
SEGUE_SCENE_MATH float noise(float x, float y, uint32_t seed) {
  const int32_t ix = floor_int(x), iy = floor_int(y);
  float fx = x - float(ix), fy = y - float(iy);
  fx = fx * fx * (3.f - 2.f * fx);
  fy = fy * fy * (3.f - 2.f * fy);
  const uint32_t lower = hash(uint32_t(iy) * 0x85ebca77u + seed), upper = hash(uint32_t(iy + 1) * 0x85ebca77u + seed);
  const auto at = [](int32_t i, uint32_t row) {
    uint32_t h = uint32_t(i) * 0x9e3779b1u ^ row;
    h ^= h >> 15;
    h *= 0x846ca68bu;
    return to_unit(h ^ (h >> 14));
  };
  const float a = mix(at(ix, lower), at(ix + 1, lower), fx), b = mix(at(ix, upper), at(ix + 1, upper), fx);
  return mix(a, b, fy);
}
/// Three octaves of noise, mean 1/2.
inline float fractal_noise(float x, float y, uint32_t seed) {
  return 0.57f * noise(x, y, seed) + 0.29f * noise(x * 2.03f + 7.1f, y * 2.03f + 3.7f, seed + 1) +
         0.14f * noise(x * 4.1f + 1.3f, y * 4.1f + 9.2f, seed + 2);
}

/// An sRGB colour 0xRRGGBB as linear light, with gamma 2 in place of the sRGB curve.
SEGUE_SCENE_MATH Color srgb(uint32_t hex) {
  const float r = float(hex >> 16 & 255) / 255.f, g = float(hex >> 8 & 255) / 255.f, b = float(hex & 255) / 255.f;
  return {r * r, g * g, b * b};
}
SEGUE_SCENE_MATH float luma(Color c) { return 0.2126f * c.x + 0.7152f * c.y + 0.0722f * c.z; }

}  // namespace segue::data::scene
