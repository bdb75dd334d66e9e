// Trees, bushes and hedges: trunks and branches of wood, crowns of cards cut into leaves.
#include "scene_parts.h"

namespace segue::data::scene {
namespace {

constexpr uint32_t kStands = 0x57a9d;

/// A square card about `center` with half sides x and y, lit as if it faced `normal`.
void card(Builder& b, V3 center, V3 x, V3 y, V3 normal) {
  b.lit_quad(center - x - y, center + x - y, center + x + y, center - x + y, normal);
}

V3 any_direction(Random& r) {
  const float y = r.range(-1.f, 1.f), t = r.unit(), w = std::sqrt(most(0.f, 1.f - y * y));
  return {w * cos_turns(t), y, w * sin_turns(t)};
}

struct Crown {
  V3 center, radii;
  float card_m;
  int cards;
};

/// Cards strewn through the outer part of an ellipsoid: light above and outside, dark below and within.
void add_crown(Builder& b, Random& r, const Crown& c, Color light, Color dark, float cells,
               uint8_t label = kVegetation) {
  Surface tone[3];
  for (int i = 0; i < 3; ++i) {
    const float t = 0.5f * float(i);
    tone[i] = surface_of(Material::leaves, label, mix(dark, light, t) * 0.82f, r, mix(dark, light, t) * 1.18f, cells);
  }
  for (int layer = 0; layer < 3; ++layer) {
    b.with(tone[layer]);
    const int n = c.cards / 3;
    for (int i = 0; i < n; ++i) {
      // The darkest lie deepest.
      const V3 d = any_direction(r);
      const float depth = layer == 0 ? r.range(0.35f, 0.7f) : layer == 1 ? r.range(0.6f, 0.9f) : r.range(0.78f, 1.f);
      const float high = layer == 2 ? 0.12f : layer == 0 ? -0.10f : 0.f;
      const V3 at = c.center + V3{d.x * depth, d.y * depth + high, d.z * depth} * c.radii;
      const V3 a = any_direction(r);
      const V3 x = normalize(cross(a, V3{0.31f, 0.87f, 0.39f})), y = cross(normalize(a), x);
      const float size = c.card_m * r.range(0.75f, 1.2f) * 0.5f;
      const V3 out = normalize({d.x / c.radii.x, d.y / c.radii.y + 0.35f / c.radii.y, d.z / c.radii.z});
      card(b, at, x * size, y * size, out);
    }
  }
}

/// Few and large far away.
int cards_at(float distance, float near_count) {
  const float n = near_count * clamp(16.f / (distance + 4.f), 0.10f, 1.2f);
  return int(n) + 3;
}
float card_size(float distance, float near_m) { return near_m * clamp(0.70f + distance * 0.014f, 0.8f, 2.4f); }
float cells_at(float distance) { return distance < 12.f ? 11.f : distance < 30.f ? 8.f : distance < 60.f ? 5.f : 3.f; }

void add_branches(Builder& b, Random& r, V3 from, V3 way, float length_m, float radius, int depth, int sides,
                  const Surface& wood, const Surface& twig) {
  const V3 to = from + way * length_m;
  b.with(wood);
  b.tube(from, to, radius, radius * 0.6f, sides);
  if (depth == 0) {
    b.with(twig);
    for (int i = 0; i < 2; ++i) {
      const V3 a = any_direction(r);
      const V3 x = normalize(cross(a, way)) * (length_m * 0.75f);
      const V3 foot = mix(from, to, 0.45f), up = way * (length_m * 1.5f);
      b.quad_uv(foot - x, foot + x, foot + x + up, foot - x + up, 0, 0, 1, 1);
    }
    return;
  }
  const int n = depth > 1 ? 4 : 3;
  for (int i = 0; i < n; ++i) {
    const V3 a = any_direction(r);
    const float reach = r.range(0.6f, 0.85f), at = r.range(0.55f, 1.f);
    const V3 next = normalize(way * 0.9f + a * 0.75f + V3{0, 0.25f, 0});
    add_branches(b, r, mix(from, to, at), next, length_m * reach, radius * 0.55f, depth - 1, sides > 3 ? sides - 1 : 3,
                 wood, twig);
  }
}

}  // namespace

void add_tree(Builder b, const Kit& kit, Random r, const Trees& trees) {
  // A stream of its own: those that stand look as they do where all stand.
  if (trees.share < 1 && !r.fork(kStands).chance(trees.share)) return;
  if (kit.unseen(b.frame(), 14.f)) return;
  const float distance = kit.distance(b.frame());
  const int kind = trees.bare ? 3 : r.below(10);
  const float h = r.range(6.0f, 13.0f), lean = r.range(-0.03f, 0.03f), thick = h * r.range(0.016f, 0.026f);
  const int sides = distance < 25 ? 7 : distance < 60 ? 5 : 3;
  const Surface wood = surface_of(Material::bark, kVegetation, kit.paint(Paint::bark, r), r);
  if (kind == 9) {  // conifer
    const Color dark = kit.paint(Paint::needle, r);
    b.with(wood);
    b.tube({0, 0, 0}, {0, h, 0}, thick, 0.02f, sides);
    const int tiers = 5;
    for (int i = 0; i < tiers; ++i) {
      const float t = float(i) / float(tiers), y = mix(0.14f, 0.92f, t) * h, w = h * 0.2f * (1.f - 0.86f * t);
      add_crown(b, r, {{0, y, 0}, {w, h * 0.12f, w}, card_size(distance, 0.9f), cards_at(distance, 60.f - 30.f * t)},
                dark * 1.3f, dark * 0.6f, cells_at(distance));
    }
    return;
  }
  if (kind == 3) {  // bare
    const Surface twig = surface_of(Material::twigs, kVegetation, wood.color * 0.9f, r);
    const float trunk = h * r.range(0.24f, 0.36f);
    b.with(wood);
    b.tube({0, 0, 0}, {lean * trunk, trunk, 0}, thick * 1.25f, thick, sides);
    const int n = 5;
    for (int i = 0; i < n; ++i) {
      const float t = (float(i) + r.range(-0.3f, 0.3f)) / float(n), up = i == 0 ? 3.f : r.range(0.9f, 1.8f);
      const V3 way = normalize({cos_turns(t), up, sin_turns(t)});
      add_branches(b, r, {lean * trunk, trunk * r.range(0.85f, 1.f), 0}, way, h * 0.27f, thick * 0.62f,
                   distance < 22 ? 2 : 1, distance < 22 ? 5 : 3, wood, twig);
    }
    return;
  }
  const Color leaf = kit.paint(Paint::leaf, r), light = leaf * 1.25f, dark = leaf * 0.42f;
  const float trunk = h * (kind < 6 ? r.range(0.24f, 0.36f) : r.range(0.12f, 0.2f));
  b.with(wood);
  const V3 fork = {lean * trunk, trunk, 0};
  b.tube({0, 0, 0}, fork, thick * 1.2f, thick * 0.9f, sides);
  const float spread = kind == 8 ? h * 0.13f : h * r.range(0.25f, 0.34f);  // a poplar is slim
  const float crown_h = h - trunk;
  const int limbs = kind == 8 ? 4 : 6;
  // A heart of the crown, then lobes round it, each on its branch.
  add_crown(b, r,
            {{fork.x, trunk + crown_h * 0.52f, 0},
             {spread * 0.85f, crown_h * 0.46f, spread * 0.85f},
             card_size(distance, 1.25f),
             cards_at(distance, 130)},
            mix(dark, light, 0.75f), dark, cells_at(distance));
  for (int i = 0; i < limbs; ++i) {
    const float t = (float(i) + r.range(-0.35f, 0.35f)) / float(limbs), out = spread * r.range(0.45f, 0.75f);
    const float y = kind == 8 ? trunk + crown_h * (0.15f + 0.75f * float(i) / float(limbs))
                              : trunk + crown_h * r.range(0.25f, 0.85f);
    const V3 lobe = {fork.x + cos_turns(t) * out, y, sin_turns(t) * out};
    if (distance < 60) {
      b.with(wood);
      b.tube(fork + V3{0, -0.15f * trunk * float(i & 1), 0}, lobe, thick * 0.5f, thick * 0.15f, 4);
    }
    const float size = spread * r.range(0.42f, 0.62f);
    const float shade = r.range(0.85f, 1.15f);
    add_crown(b, r,
              {lobe, {size, size * r.range(0.65f, 0.9f), size}, card_size(distance, 1.0f), cards_at(distance, 54)},
              light * shade, dark * shade, cells_at(distance));
  }
}

void add_bush(Builder b, const Kit& kit, Random r, float size) {
  if (kit.unseen(b.frame(), 3.f)) return;
  const float distance = kit.distance(b.frame());
  const Color leaf = kit.paint(Paint::leaf, r);
  const int lobes = 2 + r.below(2);
  for (int i = 0; i < lobes; ++i) {
    const float t = r.unit(), out = i == 0 ? 0.f : size * 0.45f, w = size * r.range(0.42f, 0.6f);
    const float tall = size * r.range(0.38f, 0.55f);
    add_crown(b, r,
              {{cos_turns(t) * out, tall * 0.75f, sin_turns(t) * out},
               {w, tall, w},
               card_size(distance, 0.42f + 0.12f * size),
               cards_at(distance, 66)},
              leaf * 1.15f, leaf * 0.4f, cells_at(distance));
  }
}

void add_hedge(Builder b, const Kit& kit, Random r, float length_m, float height) {
  const float distance = kit.distance(b.frame().moved({length_m * 0.5f, 0, 0}));
  if (kit.unseen(b.frame(), length_m + 2.f)) return;
  const Color leaf = kit.paint(Paint::leaf, r);
  // A dark core, then leaves standing out of its faces.
  b.with(surface_of(Material::plain, kVegetation, leaf * 0.3f, r));
  b.box({0, 0, -0.28f}, {length_m, height - 0.12f, 0.28f});
  const float size = card_size(distance, 0.5f);
  const float cells = cells_at(distance) - 1.f;
  for (int tone = 0; tone < 2; ++tone) {
    const float k = tone == 0 ? 0.75f : 1.15f;
    b.with(surface_of(Material::leaves, kVegetation, leaf * (k * 0.8f), r, leaf * (k * 1.2f), cells));
    const int n = int(length_m * height * 5.f * clamp(14.f / (distance + 3.f), 0.22f, 1.f)) + 5;
    for (int i = 0; i < n; ++i) {
      const float x = r.range(0.1f, length_m - 0.1f), y = r.range(0.12f, height), face = r.unit();
      V3 at = {x, y, face < 0.62f ? -0.33f : 0.33f}, out = {0, 0.35f, face < 0.62f ? -1.f : 1.f};
      if (face > 0.8f) {
        at = {x, height - 0.05f, r.range(-0.3f, 0.3f)};
        out = {0, 1, 0};
      }
      const V3 a = any_direction(r), n1 = normalize(out + a * 0.5f);
      const V3 side = normalize(cross(V3{0.1f, 0.99f, 0.05f}, n1) + V3{1e-4f, 0, 0}), up = cross(n1, side);
      card(b, at, side * (size * 0.5f), up * (size * 0.5f), normalize(out));
    }
  }
}

}  // namespace segue::data::scene
