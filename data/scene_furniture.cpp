// Poles, lights, signs, fences and walls.
#include "scene_parts.h"

namespace segue::data::scene {
namespace {

Surface metal_of(const Kit& kit, Random& r, uint8_t label) {
  return surface_of(Material::plain, label, kit.paint(Paint::metal, r), r, {}, 0.05f);
}

/// A plate seen from -z, with its design in u, v of [-1, 1]; its back is bare.
void plate(Builder& b, V3 center, float half_x, float half_y, const Surface& face) {
  b.with(face);
  b.quad_uv(center + V3{half_x, -half_y, 0}, center + V3{-half_x, -half_y, 0}, center + V3{-half_x, half_y, 0},
            center + V3{half_x, half_y, 0}, 1, -1, -1, 1);
}

constexpr int kDesigns[12] = {0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 7};

/// One road sign of a random design about `center`.
void add_sign(Builder& b, Random& r, V3 center, float size) {
  const int design = kDesigns[r.below(12)];
  Surface face = surface_of(Material::sign, kTrafficSign, {}, r, {}, float(design));
  const float h = size * 0.5f;
  if (design == 5) return plate(b, center, h, h, face);
  if (design == 2) {
    b.with(face);
    const float d = h * 1.25f;
    b.quad_uv(center + V3{0, -d, 0}, center + V3{-d, 0, 0}, center + V3{0, d, 0}, center + V3{d, 0, 0}, -1, -1, 1, 1);
    return;
  }
  if (design == 3) {
    b.with(face);
    const bool down = r.chance(0.35f);  // give way
    const float s = down ? -1.f : 1.f;
    b.shape(center, {{h * 1.1f * s, -h * 0.88f * s, 0}, {-h * 1.1f * s, -h * 0.88f * s, 0}, {0, h * 1.0f * s, 0}},
            {{1, -0.88f}, {-1, -0.88f}, {0, 0.9f}});
    return;
  }
  b.with(face);
  b.disc(center, {0, 0, -1}, h, design == 7 ? 8 : 14);
}

}  // namespace

void add_lamp_post(Builder b, const Kit& kit, Random r) {
  const float h = r.range(5.2f, 9.f), reach = r.range(0.8f, 2.2f);
  const bool lantern = h < 6.f && r.chance(0.6f);
  b.with(metal_of(kit, r, kPole));
  b.tube({0, 0, 0}, {0, 1.1f, 0}, 0.11f, 0.10f, 7);
  b.tube({0, 1.1f, 0}, {0, h, 0}, 0.075f, 0.05f, 6);
  if (lantern) {
    b.tapered_box({-0.12f, h, -0.12f}, {0.12f, h + 0.05f, 0.12f}, 0, 0);
    b.with(surface_of(Material::glass, kPole, srgb(0xd8d4c4), r));
    b.tapered_box({-0.13f, h + 0.05f, -0.13f}, {0.13f, h + 0.4f, 0.13f}, -0.05f, -0.05f);
    b.with(metal_of(kit, r, kPole));
    b.tapered_box({-0.22f, h + 0.4f, -0.22f}, {0.22f, h + 0.55f, 0.22f}, 0.17f, 0.17f);
    return;
  }
  b.tube({0, h, 0}, {0, h + 0.35f, reach * 0.45f}, 0.05f, 0.045f, 5);
  b.tube({0, h + 0.35f, reach * 0.45f}, {0, h + 0.42f, reach}, 0.045f, 0.04f, 5);
  b.with(surface_of(Material::plain, kPole, kit.style == SceneStyle::camera ? srgb(0x6c6e70) : srgb(0xc0c4c8), r));
  b.tapered_box({-0.13f, h + 0.34f, reach - 0.05f}, {0.13f, h + 0.5f, reach + 0.6f}, 0.04f, 0.08f);
}

void add_traffic_light(Builder b, const Kit& kit, Random r, bool mast) {
  const float h = 3.3f;
  const int phase = r.below(3);
  const Surface pole = metal_of(kit, r, kPole);
  b.with(pole);
  b.tube({0, 0, 0}, {0, mast ? 5.9f : h, 0}, 0.075f, 0.06f, 6);
  float arm = 0;
  if (mast) {
    arm = r.range(2.8f, 4.6f);
    b.tube({0, 5.6f, 0}, {-arm, 5.75f, 0}, 0.06f, 0.045f, 5);
  }
  const Surface box = surface_of(Material::plain, kTrafficLight, kit.grey(0.02f), r);
  const auto head = [&](V3 c, float size) {
    const float w = 0.17f * size, t = 0.48f * size, d = 0.13f * size;
    b.with(box);
    b.box(c + V3{-w, -t, -d}, c + V3{w, t, d}, true);
    b.quad(c + V3{-w * 1.5f, -t * 1.12f, d * 0.6f}, c + V3{w * 1.5f, -t * 1.12f, d * 0.6f},
           c + V3{w * 1.5f, t * 1.12f, d * 0.6f}, c + V3{-w * 1.5f, t * 1.12f, d * 0.6f});
    const Color lamps[3] = {{2.2f, 0.06f, 0.04f}, {2.0f, 1.0f, 0.06f}, {0.10f, 1.9f, 0.75f}};
    for (int i = 0; i < 3; ++i) {
      const bool on = i == phase;
      b.with(surface_of(on ? Material::glow : Material::plain, kTrafficLight, lamps[i] * (on ? 1.f : 0.04f), r));
      const V3 at = c + V3{0, t * 0.64f * float(1 - i), -d - 0.012f};
      b.disc(at, {0, 0, -1}, w * 0.72f, 10);
      b.with(box);  // the hood above each lamp
      b.quad(at + V3{-w * 0.8f, w * 0.75f, 0}, at + V3{w * 0.8f, w * 0.75f, 0}, at + V3{w * 0.75f, w * 0.70f, -w},
             at + V3{-w * 0.75f, w * 0.70f, -w});
    }
  };
  head({0, h - 0.4f, -0.16f}, 1.f);
  if (mast) head({-arm + 0.15f, 5.6f, -0.16f}, 1.15f);
  if (r.chance(0.3f)) {
    Random s = r.fork(9);
    add_sign(b, s, {0, mast ? 4.4f : h + 0.5f, -0.1f}, 0.65f);
  }
}

void add_sign_post(Builder b, const Kit& kit, Random r) {
  const float h = r.range(2.2f, 2.9f), size = r.range(0.6f, 0.85f);
  b.with(metal_of(kit, r, kPole));
  b.tube({0, 0, 0}, {0, h + size * 0.6f, 0}, 0.034f, 0.034f, 5);
  add_sign(b, r, {0, h + size * 0.1f, -0.05f}, size);
  if (r.chance(0.3f)) {
    add_sign(b, r, {0, h - size * 1.0f, -0.05f}, size);
  } else if (r.chance(0.35f)) {
    const Color white = kit.style == SceneStyle::camera ? srgb(0xb0b0ae) : srgb(0xf8f8f8);
    plate(b, {0, h - size * 0.62f, -0.05f}, size * 0.5f, size * 0.16f,
          surface_of(Material::sign, kTrafficSign, white, r, {}, 6));
  }
}

void add_direction_board(Builder b, const Kit& kit, Random r) {
  const bool camera = kit.style == SceneStyle::camera;
  const Color grounds[4] = {srgb(camera ? 0x2f4a80 : 0x1450c0), srgb(camera ? 0xb0963c : 0xf8c818),
                            srgb(camera ? 0xb0b0ae : 0xf8f8f8), srgb(camera ? 0x2c5a44 : 0x0a8a50)};
  const float half = r.range(0.8f, 1.5f), tall = r.range(0.5f, 0.95f), foot = r.range(1.3f, 2.3f);
  b.with(metal_of(kit, r, kPole));
  for (const float s : {-0.6f, 0.6f}) b.tube({s * half, 0, 0.03f}, {s * half, foot + 2 * tall, 0.03f}, 0.04f, 0.04f, 5);
  plate(b, {0, foot + tall, -0.03f}, half, tall,
        surface_of(Material::sign, kTrafficSign, grounds[r.below(4)], r, {}, 6));
}

void add_bollard(Builder b, const Kit& kit, Random r) {
  const Surface post = metal_of(kit, r, kPole);
  b.with(post);
  const float h = r.range(0.75f, 1.0f), w = r.range(0.05f, 0.09f);
  b.tube({0, 0, 0}, {0, h, 0}, w, w * 0.9f, 7, true);
  b.with(surface_of(Material::plain, kPole, kit.style == SceneStyle::camera ? srgb(0x9a9a98) : srgb(0xf0f0f0), r));
  b.tube({0, h * 0.78f, 0}, {0, h * 0.9f, 0}, w * 1.04f, w * 1.0f, 7);
}

void add_utility_pole(Builder b, const Kit& kit, Random r) {
  const float h = r.range(7.f, 9.5f);
  b.with(surface_of(Material::bark, kPole, kit.paint(Paint::bark, r), r));
  b.tube({0, 0, 0}, {0, h, 0}, 0.14f, 0.09f, 7);
  b.box({-0.9f, h - 0.9f, -0.06f}, {0.9f, h - 0.76f, 0.06f}, true);
  if (r.chance(0.5f)) b.box({-0.6f, h - 1.6f, -0.06f}, {0.6f, h - 1.46f, 0.06f}, true);
}

void add_shelter(Builder b, const Kit& kit, Random r) {
  const float w = r.range(1.6f, 2.3f);
  const Surface frame = metal_of(kit, r, kBuilding);
  b.with(frame);
  for (const float x : {-w, w})
    for (const float z : {0.f, 1.4f}) b.tube({x, 0, z}, {x, 2.45f, z}, 0.04f, 0.04f, 5);
  b.box({-w - 0.2f, 2.45f, -0.2f}, {w + 0.2f, 2.6f, 1.6f}, true);
  b.box({-w * 0.8f, 0.42f, 1.0f}, {w * 0.8f, 0.5f, 1.3f}, true);
  b.with(surface_of(Material::glass, kBuilding, kit.grey(0.06f), r));
  b.quad({-w, 0.2f, 1.4f}, {w, 0.2f, 1.4f}, {w, 2.3f, 1.4f}, {-w, 2.3f, 1.4f});
  Surface poster = surface_of(Material::sign, kBuilding, kit.paint(Paint::shop, r), r, {}, 8);
  poster.accent = kit.paint(Paint::shop, r);
  b.with(poster);
  b.quad_uv({w, 0.3f, 1.35f}, {w, 0.3f, 0.1f}, {w, 2.2f, 0.1f}, {w, 2.2f, 1.35f}, -1, -1, 1, 1);
}

void add_fence(Builder b, const Kit& kit, Random r, float length) {
  const int kind = r.below(5);
  const Color color = kit.paint(Paint::fence, r);
  if (kind == 0) {  // boards
    const float h = r.range(1.4f, 2.0f);
    b.with(surface_of(Material::planks, kFence, color, r, {}, r.range(0.09f, 0.16f)));
    b.box({0, 0.05f, -0.02f}, {length, h, 0.02f});
    b.with(surface_of(Material::plain, kFence, color * 0.8f, r));
    for (float x = 0; x < length; x += 2.2f) b.box({x - 0.05f, 0, -0.07f}, {x + 0.05f, h + 0.06f, 0.07f});
    return;
  }
  if (kind == 1) {  // pickets
    const float h = r.range(0.9f, 1.2f);
    b.with(surface_of(Material::bars, kFence, color, r, {}, 0.14f, 0.085f, h));
  } else if (kind == 2) {  // a mesh
    b.with(surface_of(Material::wire, kFence, color, r, {}, 0.11f, 0.016f, r.range(1.3f, 2.0f)));
  } else {  // railings
    b.with(surface_of(Material::bars, kFence, color, r, {}, 0.13f, 0.032f, r.range(0.95f, 1.5f)));
  }
  const float h = b.mesh().surfaces.back().p[2];
  for (float x = 0; x < length; x += 8) {
    const float to = least(x + 8, length);
    b.quad_uv({x, 0, 0}, {to, 0, 0}, {to, h, 0}, {x, h, 0}, x, 0, to, h);
  }
  b.with(surface_of(Material::plain, kFence, color * 0.9f, r));
  for (float x = 0; x <= length; x += 2.5f) b.tube({x, 0, 0}, {x, h + 0.05f, 0}, 0.035f, 0.035f, 5);
  if (kind == 4) b.box({0, 0, -0.12f}, {length, 0.28f, 0.12f});
}

void add_wall(Builder b, const Kit& kit, Random r, float length, float h) {
  const Material kinds[3] = {Material::brick, Material::stone, Material::plain};
  const Material kind = kinds[r.below(3)];
  const Color color = kit.paint(kind == Material::brick ? Paint::brick : Paint::wall, r);
  b.with(surface_of(kind, kWall, color, r));
  b.box({0, 0, -0.15f}, {length, h, 0.15f});
  b.with(surface_of(Material::plain, kWall, mix(color, kit.paint(Paint::kerb, r), 0.7f), r));
  b.box({-0.04f, h, -0.2f}, {length + 0.04f, h + 0.1f, 0.2f}, true);
  if (r.chance(0.5f))
    for (float x = 0; x <= length; x += r.range(3.f, 5.f)) b.box({x - 0.22f, 0, -0.24f}, {x + 0.22f, h + 0.22f, 0.24f});
}

}  // namespace segue::data::scene
