// Textures of things that stand or move in the street, and the holes of those that have some.
#include "render_raster.h"
#include "render_texture.h"

namespace segue::data::scene {
namespace {

Color leaf_color(const Surface& s, const SurfacePoint& at, const Look& look) {
  const float n = s.p[0];
  const float leaf = hash_unit(floor_int(at.u * n), floor_int(at.v * n), s.seed);
  const float seen = visible(0.6f / n, at.fine * 0.7f);
  return mix(s.color, s.accent, mix(0.5f, leaf, seen)) *
         (1.f + look.grain * 0.7f *
                    (mix(0.5f, hash_unit(floor_int(at.v * n * 2), floor_int(at.u * n * 2), s.seed + 1), seen) - 0.5f));
}

/// Bars of ink that look like writing from a few metres: 1 ink, 0 ground.
float lettering(float x, float y, uint32_t seed) {
  const int32_t line = floor_int(y), letter = floor_int(x);
  const uint32_t h = hash(letter, line, seed);
  if (h % 5 == 0 || fraction(y) < 0.3f || fraction(y) > 0.8f || fraction(x) < 0.2f) return 0;
  return (h >> 5 & 1) != 0 && magnitude(fraction(y) - 0.55f) < 0.07f ? 0.f : 1.f;
}

Texel sign_texel(const Surface& s, const SurfacePoint& at, const Look& look) {
  Texel t;
  const bool camera = look.style == SceneStyle::camera;
  if (at.back) {
    t.color = srgb(camera ? 0x5a5c5e : 0x9a9ea2);
    return t;
  }
  const Color white = srgb(camera ? 0xb4b4b2 : 0xfafafa), red = srgb(camera ? 0x8c2c2e : 0xe01a20);
  const Color blue = srgb(camera ? 0x2f4a80 : 0x1450c0), black = srgb(0x181818),
              yellow = srgb(camera ? 0xb0963c : 0xf8c818);
  const float u = at.u, v = at.v, r = std::sqrt(u * u + v * v);
  t.gloss = 0.04f;
  switch (int(s.p[0])) {
    case 0:  // no entry
      t.color = magnitude(u) < 0.68f && magnitude(v) < 0.17f ? white : red;
      break;
    case 1:  // limit of speed
      t.color = r > 0.72f ? red : white;
      if (magnitude(v) < 0.34f && magnitude(u) < 0.5f) {
        const float x = magnitude(u) - 0.27f;  // two figures, round and open
        const float ring = magnitude(std::sqrt(x * x * 2.6f + v * v * 0.9f) - 0.24f);
        if (ring < 0.085f && !(u < 0 && (s.seed & 1) != 0 && v > 0 && x < 0)) t.color = black;
      }
      break;
    case 2: {  // priority road: the plate stands on its corner
      const float d = most(magnitude(u), magnitude(v));
      t.color = d < 0.68f ? yellow : white;
      break;
    }
    case 3: {  // warning: a triangle, corners at the foot and the top
      const float side = 0.5f * (0.9f - v) - magnitude(u) * 0.9f, foot = v + 0.88f;
      t.color = side < 0.17f || foot < 0.22f ? red : white;
      if (magnitude(u) < 0.08f && v > -0.35f && v < 0.3f) t.color = black;
      break;
    }
    case 4:  // direction to take
      t.color = r > 0.93f ? white : blue;
      if ((magnitude(u) < 0.11f && v < 0.35f && v > -0.6f) ||
          (v > 0.1f && v < 0.62f && magnitude(u) < (0.62f - v) * 0.75f))
        t.color = white;
      break;
    case 5:  // parking, crossing
      t.color = most(magnitude(u), magnitude(v)) > 0.93f ? white : blue;
      if ((s.seed & 1) != 0) {
        if ((magnitude(u + 0.25f) < 0.12f && magnitude(v) < 0.6f) ||
            (u > -0.3f && u < 0.45f && magnitude(v - 0.25f) < 0.36f &&
             !(u > -0.12f && u < 0.25f && magnitude(v - 0.25f) < 0.16f)))
          t.color = white;
      } else if (v > -0.75f && v < 0.75f && magnitude(u) < 0.65f * (0.75f - v) / 1.5f + 0.05f) {
        t.color = magnitude(u) < 0.16f && v > -0.6f && v < 0.35f ? black : white;
      }
      break;
    case 6: {  // way to places: writing on a board
      const Color ground = s.color;
      const bool pale = luma(ground) > 0.35f;
      t.color = magnitude(u) > 0.965f || magnitude(v) > 0.92f ? (pale ? black : white) : ground;
      const float rows = 2.f + float(s.seed % 3);
      if (magnitude(u) < 0.8f && magnitude(v) < 0.8f && lettering(u * 9.f + 20.f, (v + 0.8f) * rows / 1.6f, s.seed) > 0)
        t.color = pale ? black : white;
      break;
    }
    case 7:  // stop
      t.color = red;
      if (r > 0.9f ||
          (magnitude(v) < 0.26f && magnitude(u) < 0.7f && lettering(u * 2.8f + 8.f, v * 1.6f + 0.55f, 4) > 0))
        t.color = white;
      break;
    default:  // an advertisement
      t.color = mix(s.color, s.accent, smooth_step(-0.5f, 0.5f, u * 0.4f + v + 0.5f * noise(u * 2.f, v * 2.f, s.seed)));
      if (v > 0.1f && lettering(u * 4.f + 9.f, v * 4.f + 9.f, s.seed) > 0)
        t.color = luma(t.color) > 0.3f ? black : white;
  }
  if (look.dirt > 0.3f) t.color = t.color * (1.f - 0.2f * look.dirt * noise(u * 2.f + 5.f, v * 3.f, s.seed));
  return t;
}

/// The side of a bus, coach or tram.
Texel coach_texel(const Surface& s, const SurfacePoint& at, const Look& look) {
  Texel t;
  const float low = s.p[0], high = s.p[1], space = s.p[2];
  const bool doors = s.p[3] > 0;
  t.color = s.color;
  t.gloss = 0.08f;
  if (at.v < low && at.v > low - 0.42f) t.color = s.accent;
  if (at.v > low && at.v < high) {
    const float x = fraction(at.u / space) * space;
    const bool post = x < 0.09f || at.v < low + 0.04f || at.v > high - 0.04f;
    t.color = post ? srgb(0x18191b) : srgb(look.style == SceneStyle::camera ? 0x2a2d30 : 0x3a4650);
    t.gloss = post ? 0.05f : 0.30f;
    if (!post && at.v < low + 0.45f * (high - low) && hash(floor_int(at.u / 0.75f), 1, s.seed) % 3 == 0) {
      const float px = fraction(at.u / 0.75f) - 0.5f;  // heads of passengers
      if (px * px * 5.f + (at.v - low - 0.2f) * (at.v - low - 0.2f) * 6.f < 0.3f) t.color = srgb(0x4a3c34);
    }
  }
  if (doors && hash(floor_int(at.u / (space * 2.f)), 2, s.seed) % 3 == 0) {
    const float x = fraction(at.u / (space * 2.f)) * space * 2.f;
    if (x < 1.3f && at.v < high) {
      const bool frame = x < 0.07f || magnitude(x - 0.65f) < 0.05f || x > 1.23f || at.v > high - 0.08f || at.v < 0.5f;
      t.color = frame ? srgb(0x2c2e30) : srgb(look.style == SceneStyle::camera ? 0x2c2f33 : 0x45525e);
      t.gloss = frame ? 0.05f : 0.25f;
    }
  }
  if (look.dirt > 0.3f) t.color = t.color * (1.f - 0.3f * look.dirt * smooth_step(1.0f, 0.2f, at.v));
  return t;
}

}  // namespace

Texel object_texel(const Surface& s, const SurfacePoint& at, const Look& look) {
  Texel t;
  t.color = s.color;
  const float u = at.u, v = at.v;
  switch (s.material) {
    case Material::leaves: t.color = leaf_color(s, at, look); break;
    case Material::brick: t = brick_texel(s, at, look); break;
    case Material::sign: t = sign_texel(s, at, look); break;
    case Material::coach: t = coach_texel(s, at, look); break;
    case Material::glow:
      t.glow = s.color;
      t.color = s.color * 0.3f;
      t.gloss = 0.1f;
      break;
    case Material::glass:
      t.color = s.color;
      t.gloss = 0.36f;
      break;
    case Material::paint: {
      t.gloss = 0.10f;
      if (s.p[0] > 0) {
        const float x = magnitude(fraction(u / s.p[0] + 0.5f) - 0.5f) * s.p[0];
        if (x < 0.012f + at.fine * 0.4f) t.shade = 1.f - 0.5f * visible(0.05f, at.fine);
      }
      if (look.dirt > 0.3f)
        t.color = mix(t.color, srgb(0x4c463e),
                      0.35f * look.dirt * smooth_step(0.75f, 0.3f, v) * noise(u * 3.f, v * 2.f, s.seed));
      break;
    }
    case Material::tiles: {
      const float row = v / 0.34f, a = u / 0.24f + 0.5f * float(floor_int(row) & 1), seen = visible(0.3f, at.coarse);
      float tone = 1.f + look.grain * 0.35f * (fractal_noise(u * 0.6f, v * 0.6f, s.seed) - 0.5f);
      tone += seen * 0.24f * (hash_unit(floor_int(a), floor_int(row), s.seed) - 0.5f);
      if (fraction(row) < 0.18f) tone -= 0.22f * seen;
      t.color = s.color * tone;
      if (look.dirt > 0.3f)
        t.color = mix(t.color, srgb(0x4a4c34),
                      0.4f * look.dirt * smooth_step(0.55f, 0.8f, noise(u * 0.9f, v * 0.7f, s.seed + 2)));
      break;
    }
    case Material::stone: {
      const float a = u / 0.55f, b = v / 0.32f + 0.3f * noise(u * 1.4f, v * 0.2f, s.seed);
      const int32_t row = floor_int(b);
      const float c = a + 0.37f * float(row & 3), seen = visible(0.3f, at.coarse);
      float tone = 1.f + seen * 0.4f * (hash_unit(floor_int(c), row, s.seed) - 0.5f) +
                   look.grain * 0.2f * (fractal_noise(u * 2.f, v * 2.f, s.seed + 1) - 0.5f);
      if (fraction(b) < 0.1f || fraction(c) < 0.07f) tone -= 0.3f * seen;
      t.color = s.color * tone;
      break;
    }
    case Material::planks: {
      const float a = u / s.p[0], seen = visible(s.p[0], at.coarse);
      float tone = 1.f + seen * 0.25f * (hash_unit(floor_int(a), 1, s.seed) - 0.5f);
      tone += look.grain * 0.25f * (noise(u * 9.f, v * 1.2f, s.seed + 1) - 0.5f);
      if (fraction(a) < 0.1f) tone -= 0.45f * seen;
      t.color = s.color * tone;
      break;
    }
    case Material::panel: {
      const float seen = visible(s.p[0] * 0.5f, at.coarse);
      t.color = s.color * (1.f + seen * 0.16f * sin_turns(u / s.p[0]) +
                           look.grain * 0.1f * (fractal_noise(u * 0.7f, v * 0.4f, s.seed) - 0.5f));
      if (look.dirt > 0.3f)
        t.color = mix(t.color, srgb(0x5a4c40),
                      0.4f * look.dirt * smooth_step(0.6f, 0.9f, noise(u * 1.5f, v * 0.3f, s.seed + 3)));
      t.gloss = 0.03f;
      break;
    }
    case Material::bark:
    case Material::twigs:
      t.color = s.color * (1.f + 0.6f * (noise(u * 11.f, v * 2.5f, s.seed) - 0.5f) * visible(0.15f, at.fine));
      break;
    case Material::skyline: {
      const int32_t x = floor_int(u / 3.4f), y = floor_int(v / 3.1f);
      const float a = fraction(u / 3.4f), b = fraction(v / 3.1f), seen = visible(2.f, at.coarse);
      const bool window = a > 0.25f && a < 0.75f && b > 0.3f && b < 0.8f;
      t.color = s.color * (window ? mix(0.86f, 0.45f + 0.3f * hash_unit(x, y, s.seed), seen) : 1.f);
      break;
    }
    case Material::bars:
    case Material::wire:
    case Material::spokes: t.gloss = 0.04f; break;
    default:
      t.gloss = s.p[0];
      t.color = s.color * (1.f + look.grain * 0.16f * (noise(u * 6.f, v * 6.f, s.seed) - 0.5f));
      if (at.fine < 0.03f)
        t.color = t.color * (1.f + look.grain * 0.14f * (noise(u * 33.f, v * 33.f, s.seed + 1) - 0.5f));
  }
  return t;
}

bool is_solid(const Surface& s, float u, float v) {
  switch (s.material) {
    case Material::leaves: {
      // Within a ragged round outline, one leaf in each cell, anywhere in it and turned any way.
      const float n = s.p[0], y = v * n, du = u - 0.5f, dv = v - 0.5f;
      const float out = du * du + dv * dv;
      if (out > 0.25f) return false;
      const int32_t iy = floor_int(y);
      const float x = u * n + 0.37f * float(iy & 3);
      const int32_t ix = floor_int(x);
      const uint32_t h = hash(ix, iy, s.seed);
      if (out > 0.25f * (0.40f + 0.60f * to_unit(h))) return false;
      const float a = x - float(ix) - 0.5f + 0.22f * (float(h & 15) / 7.5f - 1.f);
      const float b = y - float(iy) - 0.5f + 0.22f * (float(h >> 4 & 15) / 7.5f - 1.f);
      constexpr float kTurns[8][2] = {{1, 0}, {0.924f, 0.383f},  {0.707f, 0.707f},  {0.383f, 0.924f},
                                      {0, 1}, {-0.383f, 0.924f}, {-0.707f, 0.707f}, {-0.924f, 0.383f}};
      const float* t = kTurns[h >> 8 & 7];
      const float p = a * t[0] + b * t[1], q = b * t[0] - a * t[1];
      return p * p + 2.2f * q * q < 0.30f;
    }
    case Material::twigs: {
      // Branches fork upwards from the foot of the card.
      const float sway = 0.10f * sin_turns(v * 1.3f + to_unit(s.seed)) * v;
      float x = u - 0.5f - sway;
      float half = 0.5f;
      for (int level = 0; level < 4; ++level) {
        const float start = 0.22f * float(level);
        if (v < start) break;
        const float slope = half * (v - start);
        const float thick = 0.022f / float(level + 1) * (1.15f - v);
        if (magnitude(magnitude(x) - slope) < thick) return true;
        x = magnitude(x) - slope * 0.55f;
        half *= 0.72f;
      }
      return false;
    }
    case Material::bars: {
      const float height = s.p[2], half = s.p[1] * 0.5f;
      if (magnitude(v - 0.12f) < half || magnitude(v - height + 0.12f) < half) return true;
      return magnitude(fraction(u / s.p[0]) - 0.5f) * s.p[0] < half;
    }
    case Material::wire: {
      const float a = fraction((u + v) / s.p[0]), b = fraction((u - v) / s.p[0]), w = s.p[1] / s.p[0];
      return a < w || b < w || v > s.p[2] - 0.05f || fraction(u / 2.5f) < 0.025f;
    }
    case Material::spokes: {
      const float r = u * u + v * v, hole = s.p[0];
      if (r > 1) return false;
      if (r > hole * hole || r < 0.012f) return true;
      // Through the middle: spokes at equal angles, told by the smallest distance to their lines.
      const int n = int(s.p[1]);
      for (int i = 0; i < n; ++i) {
        const float t = float(i) / (2.f * float(n));
        if (magnitude(u * sin_turns(t) - v * cos_turns(t)) < s.p[2]) return true;
      }
      return false;
    }
    default: return true;
  }
}

}  // namespace segue::data::scene
