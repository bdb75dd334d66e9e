// Bicycles and motorcycles, parked or ridden.
#include "scene_parts.h"

namespace segue::data::scene {
namespace {

void add_spoked_wheel(Builder& b, const Kit& kit, Random& r, V3 c, float radius, uint8_t label, float tyre,
                      float half_width) {
  // Tyre and spokes on two parallel sheets, so that the wheel is seen from behind as well.
  Surface s = surface_of(Material::spokes, label, kit.grey(0.02f), r, {}, 1.f - tyre / radius, 7, 0.028f);
  b.with(s);
  const float q = radius;
  for (const float x : {-half_width, half_width})
    b.quad_uv({c.x + x, c.y - q, c.z - q}, {c.x + x, c.y - q, c.z + q}, {c.x + x, c.y + q, c.z + q},
              {c.x + x, c.y + q, c.z - q}, -1, -1, 1, 1);
  s = surface_of(Material::plain, label, kit.grey(0.015f), r);
  b.with(s);
  b.tube(c - V3{half_width, 0, 0}, c + V3{half_width, 0, 0}, radius, radius, kit.sides(b.frame(), 16));
}

}  // namespace

void add_bicycle(Builder b, const Kit& kit, Random r, bool ridden) {
  if (kit.unseen(b.frame(), 3.f)) return;
  const float R = 0.345f, thick = 0.022f;
  const Color color = kit.paint(Paint::car, r);
  const V3 rear = {0, R, -0.52f}, front = {0, R, 0.54f}, crank = {0, 0.29f, -0.07f}, seat = {0, 0.93f, -0.24f},
           head = {0, 0.90f, 0.36f}, neck = {0, 0.72f, 0.42f};
  add_spoked_wheel(b, kit, r, rear, R, kBicycle, 0.045f, 0.02f);
  add_spoked_wheel(b, kit, r, front, R, kBicycle, 0.045f, 0.02f);
  b.with(surface_of(Material::paint, kBicycle, color, r));
  const bool low = r.chance(0.45f);  // a step-through frame
  const V3 top = low ? V3{0, 0.52f, -0.13f} : mix(crank, seat, 0.86f);
  b.tube(crank, seat, thick, thick, 5);
  b.tube(crank, neck, thick * 1.2f, thick * 1.2f, 5);
  b.tube(top, head + V3{0, -0.06f, 0.02f}, thick, thick, 5);
  b.tube(rear, crank, thick * 0.8f, thick * 0.8f, 4);
  b.tube(rear, mix(crank, seat, 0.85f), thick * 0.8f, thick * 0.8f, 4);
  b.tube(head, front, thick, thick * 0.9f, 5);
  const float bar = r.range(0.98f, 1.12f), bar_z = r.range(0.28f, 0.4f);
  b.with(surface_of(Material::plain, kBicycle, kit.grey(0.03f), r));
  b.tube(head, {0, bar, bar_z + 0.03f}, thick, thick, 4);
  b.tube({-0.29f, bar, bar_z - 0.05f}, {0.29f, bar, bar_z - 0.05f}, 0.02f, 0.02f, 4, true);
  b.ellipsoid(seat + V3{0, 0.04f, -0.02f}, {0.075f, 0.045f, 0.14f}, 3, 6);
  b.disc(crank + V3{0.05f, 0, 0}, {1, 0, 0}, 0.09f, 8);
  const float turn = r.unit();
  V3 pedals[2];
  for (int i = 0; i < 2; ++i) {
    const float t = turn + 0.5f * float(i);
    pedals[i] = crank + V3{i == 0 ? -0.11f : 0.11f, 0.165f * sin_turns(t), 0.165f * cos_turns(t)};
    b.tube(crank, pedals[i] + V3{i == 0 ? 0.04f : -0.04f, 0, 0}, 0.014f, 0.014f, 4);
    b.box(pedals[i] + V3{-0.05f, -0.015f, -0.04f}, pedals[i] + V3{0.05f, 0.015f, 0.04f});
  }
  if (r.chance(0.35f)) {  // a basket or a rack with a bag
    b.with(surface_of(Material::planks, kBicycle, kit.paint(Paint::bark, r), r, {}, 0.03f));
    if (r.chance(0.5f)) {
      b.tapered_box({-0.17f, 0.82f, 0.42f}, {0.17f, 1.06f, 0.68f}, -0.03f, -0.02f);
    } else {
      b.box({-0.2f, 0.45f, -0.75f}, {0.2f, 0.75f, -0.42f}, true);
    }
  }
  b.with(surface_of(Material::paint, kBicycle, srgb(0xb01818), r));
  b.box({-0.03f, 0.62f, -0.72f}, {0.03f, 0.69f, -0.68f});
  if (!ridden) return;
  Clothes c = choose_clothes(kit, r);
  c.coat = false;
  if (r.chance(0.45f)) {
    c.helmet = true;
    c.hair = kit.paint(Paint::car, r);
  }
  Pose p;
  p.height = r.range(1.60f, 1.88f);
  const float lean = r.range(0.12f, 0.34f);
  p.pelvis = seat + V3{0, 0.10f, -0.02f};
  p.neck =
      p.pelvis + V3{0, 0.315f * p.height * cos_turns(lean * 0.16f * 2.f), 0.315f * p.height * sin_turns(lean * 0.32f)};
  for (int i = 0; i < 2; ++i) {
    p.feet[i] = pedals[i] + V3{0, 0.01f, -0.02f};
    p.hands[i] = {i == 0 ? -0.27f : 0.27f, bar + 0.03f, bar_z - 0.07f};
  }
  add_figure(b, kit, r, c, p, kRider);
}

void add_motorcycle(Builder b, const Kit& kit, Random r, bool ridden) {
  if (kit.unseen(b.frame(), 3.f)) return;
  const bool scooter = r.chance(0.45f);
  const float R = scooter ? 0.24f : 0.31f, base = scooter ? 0.62f : 0.70f, tyre = scooter ? 0.11f : 0.14f;
  const Color color = kit.paint(Paint::car, r);
  const V3 rear = {0, R, -base}, front = {0, R, base};
  const Random rim = r.fork(5);
  for (const V3& c : {rear, front})
    for (const float s : {-1.f, 1.f}) {
      Random same = rim;
      add_wheel(b, kit, same, c, R, tyre, s, kMotorcycle);
    }
  const Surface body = surface_of(Material::paint, kMotorcycle, color, r),
                dark = surface_of(Material::plain, kMotorcycle, kit.grey(0.02f), r);
  const Color steel = kit.style == SceneStyle::camera ? srgb(0x5c5e60) : srgb(0xa0a4a8);
  const Surface metal = surface_of(Material::paint, kMotorcycle, steel, r);
  const float bar = scooter ? 1.0f : 1.02f;
  float seat_y = 0.80f;
  if (scooter) {
    b.with(body);
    b.tapered_box({-0.19f, 0.35f, 0.30f}, {0.19f, 0.92f, 0.46f}, 0.04f, 0.02f);  // leg shield
    b.box({-0.17f, 0.24f, -0.2f}, {0.17f, 0.34f, 0.34f}, true);
    b.ellipsoid({0, 0.52f, -0.48f}, {0.20f, 0.26f, 0.40f}, 6, 8);
    b.ellipsoid({0, 0.44f, base}, {0.11f, 0.12f, 0.24f}, 4, 8);
    b.ellipsoid({0, 0.96f, 0.36f}, {0.16f, 0.11f, 0.13f}, 4, 8);
    seat_y = 0.78f;
  } else {
    b.with(body);
    b.ellipsoid({0, 0.83f, 0.18f}, {0.17f, 0.15f, 0.32f}, 6, 8);   // tank
    b.ellipsoid({0, 0.80f, -0.66f}, {0.12f, 0.09f, 0.26f}, 4, 8);  // tail
    b.ellipsoid({0, 0.62f, base}, {0.09f, 0.05f, 0.24f}, 4, 8);    // mudguard
    b.with(metal);
    b.box({-0.19f, 0.28f, -0.2f}, {0.19f, 0.62f, 0.3f}, true);
    b.tube({0.2f, 0.32f, 0.1f}, {0.21f, 0.40f, -0.85f}, 0.05f, 0.065f, 6, true);
    b.tube({-0.12f, 0.75f, -0.5f}, rear, 0.03f, 0.03f, 5);
    b.tube({0.12f, 0.75f, -0.5f}, rear, 0.03f, 0.03f, 5);
  }
  b.with(metal);
  for (const float s : {-0.09f, 0.09f}) b.tube({s, bar - 0.1f, base - 0.32f}, {s, R, base}, 0.03f, 0.03f, 5);
  b.with(dark);
  b.ellipsoid({0, seat_y + 0.02f, -0.36f}, {0.15f, 0.07f, 0.38f}, 4, 8);
  b.tube({-0.36f, bar, base - 0.40f}, {0.36f, bar, base - 0.40f}, 0.024f, 0.024f, 5, true);
  for (const float s : {-1.f, 1.f}) {
    b.tube({s * 0.3f, bar, base - 0.38f}, {s * 0.36f, bar + 0.18f, base - 0.34f}, 0.012f, 0.012f, 4);
    b.ellipsoid({s * 0.37f, bar + 0.21f, base - 0.34f}, {0.065f, 0.04f, 0.02f}, 3, 6);
  }
  b.with(surface_of(Material::glow, kMotorcycle, Color{1.4f, 1.35f, 1.2f}, r));
  b.disc({0, bar - 0.14f, base - 0.18f}, {0, 0, 1}, 0.10f, 10);
  b.with(dark);
  b.ellipsoid({0, bar - 0.14f, base - 0.27f}, {0.11f, 0.11f, 0.085f}, 4, 8);
  b.with(surface_of(Material::glow, kMotorcycle, Color{0.9f, 0.05f, 0.04f}, r));
  b.box({-0.08f, seat_y + 0.0f, -0.93f}, {0.08f, seat_y + 0.07f, -0.88f}, true);
  b.with(
      surface_of(Material::plain, kMotorcycle, kit.style == SceneStyle::camera ? srgb(0x9a9a98) : srgb(0xe8e8e4), r));
  b.quad({-0.1f, 0.55f, -0.91f}, {0.1f, 0.55f, -0.91f}, {0.1f, 0.70f, -0.94f}, {-0.1f, 0.70f, -0.94f});
  if (!ridden) return;
  Clothes c = choose_clothes(kit, r);
  c.coat = false;
  c.helmet = true;
  c.hair = kit.paint(Paint::car, r);
  Pose p;
  p.height = r.range(1.65f, 1.88f);
  p.pelvis = {0, seat_y + 0.15f, -0.30f};
  p.neck = p.pelvis + V3{0, 0.30f * p.height, scooter ? 0.08f : 0.20f};
  for (int i = 0; i < 2; ++i) {
    const float s = i == 0 ? -1.f : 1.f;
    p.feet[i] = scooter ? V3{s * 0.12f, 0.33f, 0.16f} : V3{s * 0.2f, 0.26f, -0.12f};
    p.hands[i] = {s * 0.33f, bar + 0.03f, base - 0.43f};
  }
  add_figure(b, kit, r, c, p, kRider);
}

}  // namespace segue::data::scene
