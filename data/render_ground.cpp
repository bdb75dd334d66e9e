// Textures of the ground.
#include "render_texture.h"

namespace segue::data::scene {
namespace {

/// How much of a sample `footprint` wide at distance `d` from the middle of a stripe is covered by it.
float stripe(float d, float width, float footprint) {
  const float half = width * 0.5f, f = most(footprint, 1e-4f);
  const float lo = clamp(d - f * 0.5f, -half, half), hi = clamp(d + f * 0.5f, -half, half);
  return (hi - lo) / f;
}

float arrow(float x, float z) {  // pointing along the street, 4 m long
  if (z < 0 || z > 4) return 0;
  if (z < 2.6f) return magnitude(x) < 0.09f ? 1.f : 0.f;
  return magnitude(x) < 0.42f * (4.f - z) / 1.4f ? 1.f : 0.f;
}

float painted(const StreetPaint& paint, const SurfacePoint& at, bool& yellow) {
  float most_painted = 0;
  for (const LaneLine& l : paint.lines) {
    const float d = at.u - l.at;
    if (magnitude(d) > 0.5f || at.v < l.from || at.v > l.to) continue;
    float c = stripe(d, l.width, at.fine);
    if (l.period > 0) {
      const float phase = fraction(at.v / l.period);
      // Dashes run together where they cannot be told apart.
      const float on = phase < l.painted ? 1.f : 0.f;
      c *= mix(on, l.painted, unit(at.coarse / l.period - 0.3f));
    }
    if (c > most_painted) {
      most_painted = c;
      yellow = l.yellow;
    }
  }
  for (const CrossMark& m : paint.marks) {
    if (at.v < m.from || at.v > m.to || at.u < m.left || at.u > m.right) continue;
    float c = 1;
    if (m.kind == CrossMark::zebra) {
      const float on = fraction(at.u - m.left) < 0.5f ? 1.f : 0.f;
      c = mix(on, 0.5f, unit(at.fine - 0.3f));
    } else if (m.kind == CrossMark::studs) {
      const float z = at.v < 0.5f * (m.from + m.to) ? at.v - m.from : m.to - at.v;
      c = z < 0.3f && fraction(at.u * 0.9f) < 0.5f ? 0.9f : 0.f;
    } else if (m.kind == CrossMark::arrow) {
      c = arrow(at.u - 0.5f * (m.left + m.right), at.v - m.from);
    }
    if (c > most_painted) {
      most_painted = c;
      yellow = false;
    }
  }
  return most_painted;
}

Texel asphalt(const Surface& s, const SurfacePoint& at, const Look& look) {
  Texel t;
  const float u = at.u, v = at.v;
  float tone = 1.f + look.grain * 0.22f * (fractal_noise(u * 0.5f, v * 0.13f, s.seed) - 0.5f);
  const float speckle = visible(0.06f, at.coarse);
  if (speckle > 0) tone += look.grain * speckle * 0.34f * (noise(u * 26.f, v * 26.f, s.seed + 3) - 0.5f);
  const float blotch = visible(0.5f, at.coarse);
  if (blotch > 0) tone += look.grain * blotch * 0.16f * (noise(u * 3.1f, v * 2.2f, s.seed + 4) - 0.5f);
  // Patches where the road was opened.
  const int32_t px = floor_int(u / 2.3f + 0.3f), pz = floor_int(v / 7.f);
  const uint32_t h = hash(px, pz, s.seed + 11);
  if (h % 100 < uint32_t(3 + 14 * look.dirt)) {
    const float a = fraction(u / 2.3f + 0.3f), b = fraction(v / 7.f);
    const float ends = 0.2f + 0.5f * to_unit(hash(h));
    if (a > 0.12f && a < 0.9f && b > 0.1f && b < 0.1f + ends) tone *= (h >> 8 & 1) != 0 ? 0.80f : 1.10f;
  }
  if (look.dirt > 0.2f) {
    const float seen = visible(0.10f, at.coarse);
    const float crack = magnitude(fractal_noise(u * 0.6f, v * 0.42f, s.seed + 21) - 0.5f);
    if (crack < 0.008f && noise(u * 0.15f, v * 0.1f, s.seed + 22) > 0.56f) tone *= 1.f - 0.3f * seen * look.dirt;
  }
  // Lids of shafts.
  const int32_t mz = floor_int(v / 19.f);
  const float mu = 3.4f * (hash_unit(mz, 3, s.seed + 31) - 0.5f),
              mv = 19.f * (float(mz) + 0.3f + 0.4f * hash_unit(mz, 5, s.seed));
  const float du = u - mu, dv = v - mv, r2 = du * du + dv * dv;
  if (r2 < 0.11f)
    tone *= r2 > 0.085f ? 0.62f : 0.72f + 0.1f * float(hash(floor_int(du * 20.f), floor_int(dv * 20.f), 7) & 1);
  t.color = s.color * tone;
  t.gloss = 0.015f + 0.22f * look.wet * smooth_step(0.3f, 0.8f, noise(u * 0.35f, v * 0.16f, s.seed + 41));
  if (look.wet > 0) t.color = t.color * (1.f - 0.35f * look.wet);
  return t;
}

Texel road(const Surface& s, const SurfacePoint& at, const Look& look, const std::vector<StreetPaint>& paints) {
  Texel t = asphalt(s, at, look);
  const StreetPaint& paint = paints[size_t(s.p[0])];
  // Tyres polish two tracks a lane; oil falls between them.
  const float x = fraction((at.u - paint.first_lane) / paint.lane_width) - 0.5f, d = (magnitude(x) - 0.25f) * 8.f;
  t.color = t.color * (1.f - 0.10f * look.grain * unit(1.f - d * d) - 0.05f * look.dirt * unit(1.f - 36.f * x * x));
  if (paint.tram_rails != 0) {
    for (const float middle : {paint.tram_rails, -paint.tram_rails}) {
      const float rail = magnitude(magnitude(at.u - middle) - 0.72f);
      const float covered = stripe(rail, 0.14f, at.fine), groove = stripe(rail - 0.02f, 0.04f, at.fine);
      t.color = mix(t.color, mix(srgb(0x8c8a86), srgb(0x202020), groove), covered);
    }
  }
  bool yellow = false;
  float c = painted(paint, at, yellow);
  if (c > 0) {
    const float worn = fractal_noise(at.u * 5.f, at.v * 3.f, s.seed + 51);
    c *= 1.f - look.dirt * 0.75f * smooth_step(0.38f, 0.72f, worn);
    const Color white = look.style == SceneStyle::camera ? srgb(0xa6a6a2) : srgb(0xf4f4f0);
    const Color gold = look.style == SceneStyle::camera ? srgb(0x9a8446) : srgb(0xf2c22c);
    t.color = mix(t.color, yellow ? gold : white, c * 0.95f);
  }
  return t;
}

Texel paving(const Surface& s, const SurfacePoint& at, const Look& look) {
  Texel t;
  const float w = s.p[0], l = s.p[1];
  const int32_t row = floor_int(at.v / l);
  const float shift = (s.seed & 1) != 0 ? 0.5f * float(row & 1) : 0.f;
  const float a = at.u / w + shift, b = at.v / l;
  const int32_t col = floor_int(a);
  const float seen = visible(least(w, l), at.coarse);
  float tone = 1.f + look.grain * 0.24f * (fractal_noise(at.u * 0.6f, at.v * 0.4f, s.seed) - 0.5f);
  tone += seen * 0.16f * (hash_unit(col, row, s.seed + 2) - 0.5f);
  const float speckle = visible(0.05f, at.coarse);
  if (speckle > 0) tone += look.grain * speckle * 0.2f * (noise(at.u * 31.f, at.v * 31.f, s.seed + 3) - 0.5f);
  t.color = s.color * tone;
  const float joint = 0.012f + at.fine * 0.5f;
  const float ja = fraction(a) * w, jb = fraction(b) * l;
  const float lines = (ja < joint ? 1.f : 0.f) + (jb < joint * 1.4f ? 1.f : 0.f);
  t.color = t.color * (1.f - 0.34f * seen * unit(lines));
  if (look.dirt > 0.3f) {
    const float stain = noise(at.u * 1.3f, at.v * 1.1f, s.seed + 8);
    t.color = t.color * (1.f - 0.22f * look.dirt * smooth_step(0.66f, 0.85f, stain));
    const uint32_t gum = hash(floor_int(at.u * 3.f), floor_int(at.v * 3.f), s.seed + 9);
    if (gum % 23 == 0 && visible(0.08f, at.coarse) > 0) {
      const float x = fraction(at.u * 3.f) - 0.5f, z = fraction(at.v * 3.f) - 0.5f;
      if (x * x + z * z < 0.02f) t.color = t.color * 0.8f;
    }
  }
  t.gloss = 0.01f + 0.1f * look.wet;
  return t;
}

Texel grass(const Surface& s, const SurfacePoint& at, const Look& look) {
  Texel t;
  const float broad = fractal_noise(at.u * 0.45f, at.v * 0.45f, s.seed);
  float blades = 0.5f;
  if (at.coarse < 0.35f)
    blades = noise(at.u * 19.f, at.v * 11.f, s.seed + 1) * 0.6f + noise(at.u * 47.f, at.v * 31.f, s.seed + 2) * 0.4f;
  t.color = mix(s.color, s.accent, smooth_step(0.3f, 0.75f, broad) * (0.5f + 0.5f * look.dirt));
  t.color = t.color * (0.72f + 0.56f * mix(0.5f, blades, unit(look.grain * visible(0.2f, at.coarse))));
  if (look.dirt > 0.3f) {
    const float bare = smooth_step(0.62f, 0.8f, noise(at.u * 0.7f + 31.f, at.v * 0.5f, s.seed + 6));
    t.color = mix(t.color, srgb(0x5c5040), bare * 0.6f * look.dirt);
    // Fallen leaves and daisies.
    const uint32_t h = hash(floor_int(at.u * 7.f), floor_int(at.v * 7.f), s.seed + 7);
    if (h % 37 == 0 && at.coarse < 0.12f) t.color = srgb(0x7a6038);
  }
  return t;
}

}  // namespace

Texel ground_texel(const Surface& s, const SurfacePoint& at, const Look& look, const std::vector<StreetPaint>& paints) {
  switch (s.material) {
    case Material::road: return road(s, at, look, paints);
    case Material::asphalt: return asphalt(s, at, look);
    case Material::grass: return grass(s, at, look);
    default: return paving(s, at, look);
  }
}

}  // namespace segue::data::scene
