// Textures of houses: walls, windows, doors, shops.
#include "render_texture.h"
#include "scene_palette.h"

namespace segue::data::scene {
namespace {

/// What the seed of a facade decides.
struct FacadeStyle {
  explicit FacadeStyle(uint32_t seed)
      : wall(seed & 3),
        shops((seed >> 2 & 3) == 0 || (seed >> 2 & 3) == 1),
        surround((seed >> 4 & 3) != 0),
        bands((seed >> 6 & 3) == 0),
        shutters((seed >> 8 & 7) == 0),
        mullion((seed >> 11 & 3) != 0),
        transom((seed >> 13 & 1) != 0),
        dark_frames((seed >> 14 & 3) == 0),
        quoins((seed >> 16 & 7) == 0) {}
  uint32_t wall;  // 0, 1 plaster, 2 brick, 3 ashlar or panels
  bool shops, surround, bands, shutters, mullion, transom, dark_frames, quoins;
};

Texel wall_texel(const Surface& s, const SurfacePoint& at, const Look& look, const FacadeStyle& f) {
  Texel t;
  if (f.wall == 2) {
    t = brick_texel(s, at, look);
  } else {
    float tone = 1.f + look.grain * 0.14f * (fractal_noise(at.u * 0.5f, at.v * 0.4f, s.seed + 1) - 0.5f);
    const float rough = visible(0.08f, at.coarse);
    if (rough > 0) tone += look.grain * rough * 0.14f * (noise(at.u * 17.f, at.v * 17.f, s.seed + 2) - 0.5f);
    if (f.wall == 3) {
      const float h = 0.42f, w = 0.9f;
      const int32_t row = floor_int(at.v / h);
      const float a = at.u / w + 0.5f * float(row & 1);
      const float seen = visible(0.25f, at.coarse);
      tone += seen * 0.10f * (hash_unit(floor_int(a), row, s.seed) - 0.5f);
      const float joint = 0.02f + 0.4f * at.fine;
      if (fraction(at.v / h) * h < joint || fraction(a) * w < joint) tone -= 0.16f * seen;
    }
    t.color = s.color * tone;
  }
  if (look.dirt > 0.2f) {
    // Rain draws streaks down from ledges; splashes darken the foot.
    const float streak = noise(at.u * 2.3f, at.v * 0.16f, s.seed + 5);
    t.color = t.color * (1.f - 0.30f * look.dirt * smooth_step(0.52f, 0.9f, streak));
    t.color = t.color * (1.f - 0.28f * look.dirt * smooth_step(1.1f, 0.f, at.v + 0.6f * (streak - 0.5f)));
  }
  return t;
}

/// Behind the pane: curtains, blinds, lamps, darkness; and what the pane mirrors.
Texel pane_texel(const Look& look, float x, float y, float half, float height, uint32_t h) {
  Texel t;
  const bool camera = look.style == SceneStyle::camera;
  Color inside = camera ? srgb(0x23262a) : srgb(0x34485c);
  const float kind = to_unit(h);
  if (kind < 0.28f && magnitude(x) > half * (0.35f + 0.4f * to_unit(hash(h))))
    inside = srgb(camera ? 0x7e7b74 : 0xe4dccc);
  if (kind > 0.86f && y > height * (0.2f + 0.7f * to_unit(hash(h + 1)))) inside = srgb(camera ? 0x86837c : 0xe8e2d4);
  if (kind > 0.44f && kind < 0.48f) t.glow = Color{0.42f, 0.30f, 0.14f} * (camera ? 1.f : 0.6f);
  t.color = inside * (0.8f + 0.4f * (y / height));
  t.gloss = camera ? 0.34f : 0.26f;
  return t;
}

bool shop_texel(const Surface& s, const SurfacePoint& at, const Look& look, float height, Texel& t) {
  const float bay = s.p[1];
  const int32_t bays = 1 + int32_t(s.seed >> 19 & 1) + int32_t(s.seed >> 20 & 1);
  const int32_t shop = floor_int(at.u / (bay * float(bays)));
  const float width = bay * float(bays), x = at.u - float(shop) * width;
  const uint32_t h = hash(shop, 17, s.seed);
  const Color color = paint(look.style, Paint::shop, to_unit(h));
  const float sign0 = height * 0.80f, sign1 = height * 0.97f;
  if (at.v > sign0 && at.v < sign1 && x > 0.15f && x < width - 0.15f) {
    t.color = color;
    t.gloss = 0.05f;
    // Lettering: blocks of ink with gaps, on the middle of the board.
    const float y = (at.v - sign0) / (sign1 - sign0);
    const float from = width * (0.16f + 0.1f * to_unit(hash(h + 1))), to = width - from;
    if (y > 0.25f && y < 0.75f && x > from && x < to) {
      const float cell = x / (0.22f + at.coarse);
      const uint32_t letter = hash(floor_int(cell), 3, h);
      if ((letter & 7) != 0 && fraction(cell) > 0.22f && ((letter >> 4 & 1) != 0 || magnitude(y - 0.5f) > 0.1f))
        t.color = luma(color) > 0.3f
                      ? color * 0.2f
                      : mix(color, Color{1, 1, 1}, 0.85f) * (look.style == SceneStyle::camera ? 0.6f : 1.f);
    }
    if ((h >> 9 & 7) == 0) t.glow = t.color * 0.5f;
    return true;
  }
  if (at.v >= sign0) return false;
  const float plinth = (h >> 13 & 1) != 0 ? 0.45f : 0.15f;
  const float door_at = (h >> 14 & 1) != 0 ? width * 0.18f : width * 0.82f, door = magnitude(x - door_at);
  const Color frame = (h >> 16 & 1) != 0 ? color * 0.6f : srgb(look.style == SceneStyle::camera ? 0x3c3c3c : 0x606468);
  if (x < 0.18f || x > width - 0.18f || (at.v < plinth && door > 0.5f) || at.v > height * 0.76f) {
    t.color = frame;
    return true;
  }
  if (door < 0.5f && door > 0.42f) {
    t.color = frame * 1.2f;
    return true;
  }
  const float pane = fraction(x / 1.35f) * 1.35f;
  if (pane < 0.06f) {
    t.color = frame;
    return true;
  }
  // Goods in the window, dim behind the glass.
  const float seen = visible(0.5f, at.coarse);
  const uint32_t g = hash(floor_int(x * 2.1f), floor_int(at.v * 1.7f), h);
  Color goods = mix(srgb(0x2a2c30), paint(look.style, Paint::shirt, to_unit(g)), 0.55f * seen * float(g >> 3 & 1));
  if (at.v > height * 0.62f) goods = goods * 0.7f;
  t.color = goods * 0.8f;
  t.gloss = 0.25f;
  if ((h >> 21 & 1) != 0) t.glow = Color{0.16f, 0.14f, 0.10f} * (0.5f + to_unit(g));
  return true;
}

}  // namespace

Texel brick_texel(const Surface& s, const SurfacePoint& at, const Look& look) {
  Texel t;
  const float h = 0.085f, w = 0.26f;
  const int32_t row = floor_int(at.v / h);
  const float a = at.u / w + 0.5f * float(row & 1);
  const float seen = visible(0.12f, at.coarse);
  float tone = 1.f + look.grain * 0.24f * (fractal_noise(at.u * 0.7f, at.v * 0.6f, s.seed + 1) - 0.5f);
  if (seen > 0) tone += seen * 0.3f * (hash_unit(floor_int(a), row, s.seed) - 0.5f);
  t.color = s.color * tone;
  const bool joint = fraction(at.v / h) < 0.15f || fraction(a) < 0.05f;
  const Color mortar = mix(s.color, look.style == SceneStyle::camera ? srgb(0x8c867c) : srgb(0xd6ccbc), 0.65f);
  t.color = mix(t.color, mortar, joint ? seen : 0.18f * (1.f - seen));
  return t;
}

Texel facade_texel(const Surface& s, const SurfacePoint& at, const Look& look) {
  const FacadeStyle f(s.seed);
  const float floor_height = s.p[0], bay = s.p[1], half = s.p[2] * 0.5f, height = s.p[3];
  if (bay <= 0) return wall_texel(s, at, look, f);
  const int32_t storey = floor_int(at.v / floor_height), column = floor_int(at.u / bay);
  const float y = at.v - float(storey) * floor_height, x = at.u - (float(column) + 0.5f) * bay;
  Texel t;
  if (storey == 0 && f.shops && shop_texel(s, at, look, floor_height, t)) return t;
  const uint32_t h = hash(column, storey, s.seed + 77);
  const float sill = (floor_height - height) * 0.42f;
  // A door instead of a window here and there on the ground.
  if (storey == 0 && !f.shops && (hash(column, 0, s.seed + 5) % 4 == 0)) {
    if (magnitude(x) < 0.75f && y < 2.5f) {
      if (magnitude(x) > 0.55f || y > 2.3f) {
        t.color = s.accent;
      } else {
        t.color = paint(look.style, Paint::door, to_unit(hash(h)));
        if (y > 1.4f && y < 2.1f && magnitude(x) < 0.35f && (h & 1) != 0) t = pane_texel(look, x, y, 0.4f, 2.4f, h);
        if (magnitude(magnitude(x) - 0.28f) < 0.03f) t.color = t.color * 0.75f;
      }
      return t;
    }
    return wall_texel(s, at, look, f);
  }
  const float wy = y - sill;
  const bool curtain = height > floor_height * 0.78f;  // glass from floor to floor
  if (magnitude(x) < half && wy > 0 && wy < height) {
    const float frame = 0.07f, e = half - magnitude(x);
    const float up = height - wy;
    if (e < frame || wy < frame || up < frame || (f.mullion && magnitude(x) < 0.035f) ||
        (f.transom && magnitude(wy - height * 0.68f) < 0.03f)) {
      t.color =
          f.dark_frames || curtain ? srgb(look.style == SceneStyle::camera ? 0x303234 : 0x4c5258) : s.accent * 0.95f;
    } else {
      t = pane_texel(look, x, wy, half, height, h);
    }
    // Panes lie deep: the lintel and one jamb throw shade.
    if (!curtain) {
      if (up < 0.22f) t.shade = 0.55f + 2.f * up;
      if (x + half < 0.12f) t.shade = least(t.shade, 0.72f);
    }
    return t;
  }
  t = wall_texel(s, at, look, f);
  if (curtain) return t;
  const float around = most(magnitude(x) - half, most(-wy, wy - height));
  if (f.shutters && wy > 0 && wy < height && magnitude(x) < half + half * 0.95f) {
    t.color = paint(look.style, Paint::door, to_unit(s.seed)) * (fraction(wy * 9.f) < 0.25f ? 0.7f : 1.f);
    return t;
  }
  if (wy < 0 && wy > -0.12f && magnitude(x) < half + 0.1f) {
    t.color = s.accent;  // the sill
  } else if (wy < -0.12f && wy > -0.3f && magnitude(x) < half + 0.1f) {
    t.shade = 0.8f;  // its shadow
  } else if (f.surround && around < 0.14f) {
    t.color = s.accent;
  }
  if (f.bands && storey > 0 && y < 0.22f) {
    t.color = s.accent * 0.95f;
  } else if (f.bands && storey > 0 && y > floor_height - 0.1f) {
    t.shade = 0.8f;
  }
  if (f.quoins && at.u < 0.35f + 0.2f * float(floor_int(at.v / 0.5f) & 1)) t.color = s.accent;
  return t;
}

}  // namespace segue::data::scene
