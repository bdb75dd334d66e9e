// Cars, trucks, buses and trams.
#include <iterator>

#include "scene_parts.h"

namespace segue::data::scene {
namespace {

/// Metres; z from the middle, forward positive.
struct CarShape {
  float length, width, height, belt, hood, tail, nose, wheel;
  float rear_base, rear_roof, front_roof, front_base;  // where the windows start below and above
};
constexpr CarShape kCars[] = {
    {4.05f, 1.76f, 1.49f, 0.93f, 0.90f, 0.90f, 0.66f, 0.31f, -1.86f, -1.45f, 0.15f, 0.98f},  // hatchback
    {4.65f, 1.82f, 1.45f, 0.93f, 0.90f, 0.98f, 0.64f, 0.32f, -1.62f, -0.95f, 0.20f, 1.10f},  // saloon
    {4.70f, 1.82f, 1.49f, 0.93f, 0.90f, 0.92f, 0.66f, 0.32f, -2.22f, -1.85f, 0.22f, 1.08f},  // estate
    {4.60f, 1.90f, 1.74f, 1.07f, 1.04f, 1.04f, 0.84f, 0.37f, -2.16f, -1.88f, 0.26f, 1.00f},  // off-roader
    {4.45f, 1.82f, 1.66f, 0.98f, 0.96f, 0.96f, 0.74f, 0.32f, -2.08f, -1.80f, 0.50f, 1.40f},  // people carrier
    {3.55f, 1.63f, 1.50f, 0.90f, 0.88f, 0.88f, 0.68f, 0.29f, -1.66f, -1.40f, 0.20f, 0.95f},  // town car
    {5.00f, 1.95f, 2.00f, 1.14f, 1.08f, 1.12f, 0.86f, 0.34f, -2.42f, -2.34f, 0.95f, 1.82f},  // van
    {4.25f, 1.80f, 1.30f, 0.88f, 0.84f, 0.90f, 0.58f, 0.32f, -1.75f, -0.70f, 0.02f, 1.00f},  // coupe
};
constexpr int kCarOdds[] = {0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7};

/// A smaller four-corner plate inside another, `out` in front of it.
void inset(Builder& b, V3 a, V3 c, V3 d, V3 e, float u0, float u1, float v0, float v1, float out) {
  const V3 n = normalize(cross(c - a, e - a)) * out;
  const auto at = [&](float u, float v) { return mix(mix(a, c, u), mix(e, d, u), v) + n; };
  b.quad(at(u0, v0), at(u1, v0), at(u1, v1), at(u0, v1));
}

/// Lights, grille, plates and bumpers on the two ends.
void add_ends(Builder& b, const Kit& kit, Random& r, const CarShape& c, uint8_t label, bool braking) {
  const float half = c.length * 0.5f, w = c.width * 0.5f, front = half + 0.012f, rear = -half - 0.012f;
  const float lamp_y = c.nose * 0.86f, lamp_h = 0.13f + 0.05f * r.unit(), lamp_w = 0.30f + 0.12f * r.unit();
  const bool lit = r.chance(0.35f);
  b.with(lit ? surface_of(Material::glow, label, Color{1.5f, 1.45f, 1.3f}, r)
             : surface_of(Material::glass, label, srgb(0xb8bcc0), r));
  for (const float s : {-1.f, 1.f}) {
    const float x0 = s * (w * 0.86f - lamp_w), x1 = s * w * 0.86f;
    b.quad({x0, lamp_y - lamp_h, front}, {x1, lamp_y - lamp_h, front - 0.02f}, {x1, lamp_y, front - 0.02f},
           {x0, lamp_y, front});
    b.quad({s * w * 0.9f, lamp_y - lamp_h, front - 0.03f}, {s * (w * 0.97f), lamp_y - lamp_h, half - 0.22f},
           {s * (w * 0.97f), lamp_y, half - 0.25f}, {s * w * 0.9f, lamp_y, front - 0.03f});
  }
  b.with(surface_of(Material::plain, label, kit.grey(0.03f), r));
  b.quad({-w * 0.5f, lamp_y - lamp_h, front}, {w * 0.5f, lamp_y - lamp_h, front}, {w * 0.5f, lamp_y - 0.01f, front},
         {-w * 0.5f, lamp_y - 0.01f, front});
  b.quad({-w * 0.62f, 0.30f, front}, {w * 0.62f, 0.30f, front}, {w * 0.62f, 0.42f, front}, {-w * 0.62f, 0.42f, front});
  b.quad({-w * 0.8f, 0.27f, rear}, {w * 0.8f, 0.27f, rear}, {w * 0.8f, 0.42f, rear}, {-w * 0.8f, 0.42f, rear});
  const float tail_y = c.tail * (c.height > 1.6f ? 1.02f : 0.92f), tail_h = c.height > 1.6f ? 0.34f : 0.17f;
  const float tail_w = c.height > 1.6f ? 0.16f : 0.28f + 0.12f * r.unit();
  const Color red = kit.style == SceneStyle::camera ? srgb(0x7c1a1c) : srgb(0xc81418);
  b.with(braking ? surface_of(Material::glow, label, Color{1.6f, 0.08f, 0.06f}, r)
                 : surface_of(Material::paint, label, red, r));
  for (const float s : {-1.f, 1.f}) {
    const float x0 = s * (w * 0.84f - tail_w), x1 = s * w * 0.84f;
    b.quad({x0, tail_y - tail_h, rear}, {x1, tail_y - tail_h, rear + 0.01f}, {x1, tail_y, rear + 0.02f},
           {x0, tail_y, rear});
    b.quad({s * w * 0.9f, tail_y - tail_h, rear + 0.03f}, {s * w * 0.985f, tail_y - tail_h, -half + 0.16f},
           {s * w * 0.985f, tail_y, -half + 0.16f}, {s * w * 0.9f, tail_y, rear + 0.03f});
  }
  const Color plate = r.chance(0.3f) ? srgb(0xd8b830) : srgb(0xe8e8e4);
  b.with(surface_of(Material::plain, label, plate * (kit.style == SceneStyle::camera ? 0.5f : 0.9f), r));
  b.quad({-0.26f, 0.46f, front + 0.01f}, {0.26f, 0.46f, front + 0.01f}, {0.26f, 0.57f, front + 0.01f},
         {-0.26f, 0.57f, front + 0.01f});
  const float plate_y = c.height > 1.6f ? 0.52f : 0.58f;
  b.quad({-0.26f, plate_y, rear - 0.01f}, {0.26f, plate_y, rear - 0.01f}, {0.26f, plate_y + 0.11f, rear - 0.01f},
         {-0.26f, plate_y + 0.11f, rear - 0.01f});
}

/// The shell below the windows, as a skin through cross-sections.
void add_shell(Builder& b, const CarShape& c) {
  const float half = c.length * 0.5f, w = c.width * 0.5f;
  struct Station {
    float z, top, wide, foot;
  };
  const float shoulder = c.rear_base < -half + 0.5f ? c.belt : c.tail;
  const Station stations[] = {{-half, c.tail * 0.84f, 0.86f, 0.40f},
                              {-half + 0.07f, c.tail * 0.97f, 0.93f, 0.30f},
                              {-half + 0.30f, shoulder, 0.985f, 0.24f},
                              {c.rear_base + 0.35f, c.belt, 1.f, 0.21f},
                              {c.front_base - 0.25f, c.belt, 1.f, 0.21f},
                              {c.front_base + 0.02f, c.hood + 0.01f, 0.995f, 0.21f},
                              {half - 0.55f, c.hood - 0.5f * (c.hood - c.nose), 0.98f, 0.21f},
                              {half - 0.14f, c.nose + 0.02f, 0.93f, 0.24f},
                              {half - 0.02f, c.nose - 0.10f, 0.87f, 0.30f},
                              {half, c.nose - 0.18f, 0.84f, 0.36f}};
  constexpr int kRing = 10;
  std::vector<V3> rings;
  for (const Station& s : stations) {
    const float x = w * s.wide, y0 = s.foot, y1 = s.top;
    const V3 left[5] = {{-x * 0.93f, y0, s.z},
                        {-x * 0.99f, y0 + 0.14f, s.z},
                        {-x, mix(y0, y1, 0.55f), s.z},
                        {-x * 0.97f, y1 - 0.08f, s.z},
                        {-x * 0.89f, y1, s.z}};
    for (const V3& p : left) rings.push_back(p);
    for (int j = 4; j >= 0; --j) rings.push_back({-left[j].x, left[j].y, left[j].z});
  }
  b.loft(rings, kRing, false, true);
  for (const size_t base : {size_t(0), rings.size() - kRing})
    for (size_t j = 0; j < 4; ++j)
      b.quad(rings[base + j], rings[base + 9 - j], rings[base + 8 - j], rings[base + j + 1]);
}

/// Roof, pillars and panes.
void add_cabin(Builder& b, const Kit& kit, Random& r, const CarShape& c, const Surface& body, uint8_t label) {
  const float w0 = c.width * 0.5f * 0.93f, w1 = c.width * 0.5f * (c.height > 1.9f ? 0.86f : 0.74f), y0 = c.belt - 0.02f,
              y1 = c.height;
  const V3 base[4] = {{-w0, y0, c.rear_base}, {w0, y0, c.rear_base}, {w0, y0, c.front_base}, {-w0, y0, c.front_base}};
  const float drop = 0.05f;
  const V3 roof[4] = {{-w1, y1 - drop, c.rear_roof},
                      {w1, y1 - drop, c.rear_roof},
                      {w1, y1 - drop, c.front_roof},
                      {-w1, y1 - drop, c.front_roof}};
  const float crown_z0 = c.rear_roof + 0.22f, crown_z1 = c.front_roof - 0.22f, crown = w1 * 0.86f;
  const V3 top[4] = {{-crown, y1, crown_z0}, {crown, y1, crown_z0}, {crown, y1, crown_z1}, {-crown, y1, crown_z1}};
  b.with(body);
  for (int i = 0; i < 4; ++i) {
    const int k = (i + 1) % 4;
    b.quad(base[k], base[i], roof[i], roof[k]);
    b.quad(roof[k], roof[i], top[i], top[k]);
  }
  b.quad(top[0], top[1], top[2], top[3]);
  Surface glass = surface_of(Material::glass, label, kit.grey(0.018f), r);
  glass.color = glass.color + Color{0.f, 0.003f, 0.005f};
  b.with(glass);
  const bool blind_van = c.height > 1.9f && r.chance(0.6f);
  inset(b, base[1], base[0], roof[0], roof[1], 0.09f, 0.91f, 0.14f, 0.92f, 0.012f);
  inset(b, base[2], base[3], roof[3], roof[2], 0.05f, 0.95f, 0.06f, 0.95f, -0.012f);
  const float split = 0.5f + 0.06f * (r.unit() - 0.5f);
  for (const int side : {0, 1}) {
    const V3 a = side != 0 ? base[1] : base[3], k = side != 0 ? base[2] : base[0];
    const V3 e = side != 0 ? roof[1] : roof[3], d = side != 0 ? roof[2] : roof[0];
    // From the rear (right side) or the front (left side): three panes between pillars.
    const float cuts[4] = {0.035f, side != 0 ? 0.25f : 1 - split - 0.02f, side != 0 ? split : 0.75f, 0.965f};
    for (int i = 0; i < 3; ++i) {
      const bool rearmost = side != 0 ? i == 0 : i == 2, front = side != 0 ? i == 2 : i == 0;
      if (blind_van && !front) continue;
      if (rearmost && c.rear_roof - c.rear_base > 0.5f) continue;
      inset(b, a, k, d, e, cuts[i] + 0.012f, cuts[i + 1] - 0.012f, 0.10f, 0.90f, -0.012f);
    }
  }
  // Mirrors.
  b.with(body);
  for (const float s : {-1.f, 1.f}) {
    const float x = s * (c.width * 0.5f + 0.02f), z = c.front_base - 0.42f;
    b.box({least(x, x + s * 0.2f), c.belt + 0.02f, z - 0.06f}, {most(x, x + s * 0.2f), c.belt + 0.18f, z + 0.08f});
  }
}

void add_wheels(Builder& b, const Kit& kit, Random& r, const CarShape& c, uint8_t label) {
  const float half = c.length * 0.5f, w = c.width * 0.5f;
  const float axles[2] = {-half + 0.82f, half - 0.84f};
  Surface dark = surface_of(Material::plain, label, kit.grey(0.008f), r);
  const Random rim = r.fork(7);
  for (const float z : axles)
    for (const float s : {-1.f, 1.f}) {
      b.with(dark);
      b.disc({s * (w + 0.004f), c.wheel + 0.04f, z}, {s, 0, 0}, c.wheel + 0.075f, kit.sides(b.frame(), 14));
      Random same = rim;
      add_wheel(b, kit, same, {s * (w - 0.09f), c.wheel, z}, c.wheel, 0.22f, s, label);
    }
  b.with(dark);  // underside
  b.quad({-w * 0.9f, 0.22f, -half + 0.2f}, {w * 0.9f, 0.22f, -half + 0.2f}, {w * 0.9f, 0.22f, half - 0.2f},
         {-w * 0.9f, 0.22f, half - 0.2f});
  b.quad({-w * 0.8f, 0.10f, axles[0]}, {w * 0.8f, 0.10f, axles[0]}, {w * 0.8f, 0.25f, axles[0]},
         {-w * 0.8f, 0.25f, axles[0]});
  b.quad({-w * 0.8f, 0.12f, axles[1]}, {w * 0.8f, 0.12f, axles[1]}, {w * 0.8f, 0.3f, axles[1]},
         {-w * 0.8f, 0.3f, axles[1]});
}

}  // namespace

Color Kit::grey(float level) const {
  const float l = style == SceneStyle::camera ? 0.012f + level * 0.8f : level;
  return {l, l, l};
}

bool Kit::unseen(const Frame& f, float reach) const {
  // The widest camera sees 0.55 to each side of 1; shadows come in from a little beyond.
  const V3 d = f.origin - eye;
  const float z = dot(d, ahead), x = magnitude(dot(d, cross(V3{0, 1, 0}, ahead)));
  return z < -reach || x > (z > 0 ? z : 0.f) * 0.58f + reach + 3.f;
}

int Kit::sides(const Frame& f, int near) const {
  const float d = distance(f);
  const int n = d < 14 ? near : d < 35 ? (near * 3 + 2) / 4 : (near + 1) / 2;
  return n < 4 ? 4 : n;
}

Surface surface_of(Material material, uint8_t label, Color color, Random& r) {
  Surface s;
  s.material = material;
  s.label = label;
  s.color = color;
  s.accent = color;
  s.seed = r.bits();
  return s;
}

void add_wheel(Builder& b, const Kit& kit, Random& r, V3 c, float radius, float width, float outer, uint8_t label) {
  b.with(surface_of(Material::plain, label, kit.grey(0.012f), r));
  b.drum(c, radius, width * 0.5f, kit.sides(b.frame(), 14));
  const float face = c.x + outer * (width * 0.5f + 0.006f);
  const Color metal = kit.style == SceneStyle::camera ? srgb(0x6a6c6e) : srgb(0xb4b8bc);
  Surface rim = surface_of(Material::spokes, label, metal * (r.chance(0.25f) ? 0.3f : 1.f), r, metal, 0.86f, 5, 0.16f);
  b.with(rim);
  const float q = radius * 0.66f;
  b.quad_uv({face, c.y - q, c.z - q}, {face, c.y - q, c.z + q}, {face, c.y + q, c.z + q}, {face, c.y + q, c.z - q}, -1,
            -1, 1, 1);
}

void add_car(Builder b, const Kit& kit, Random r) {
  if (kit.unseen(b.frame(), 4.f)) return;
  const CarShape& c = kCars[kCarOdds[r.below(int(std::size(kCarOdds)))]];
  const Color color = kit.paint(Paint::car, r);
  Surface body = surface_of(Material::paint, kCar, color, r, color, 1.15f);
  b.with(body);
  add_shell(b, c);
  // Dark sills, and a strip at the height of the bumpers on some.
  const float w = c.width * 0.5f + 0.003f, half = c.length * 0.5f;
  b.with(surface_of(Material::plain, kCar, kit.grey(0.02f), r));
  for (const float s : {-1.f, 1.f})
    b.quad({s * w * 0.985f, 0.2f, -half + 1.2f}, {s * w * 0.985f, 0.2f, half - 1.2f}, {s * w, 0.30f, half - 1.2f},
           {s * w, 0.30f, -half + 1.2f});
  add_cabin(b, kit, r, c, body, kCar);
  add_ends(b, kit, r, c, kCar, r.chance(0.25f));
  add_wheels(b, kit, r, c, kCar);
  if (r.chance(0.06f)) {  // a taxi's sign
    b.with(surface_of(Material::glow, kCar, srgb(0xf0d060), r));
    b.box({-0.3f, c.height, -0.35f}, {0.3f, c.height + 0.16f, -0.2f});
  }
}

void add_truck(Builder b, const Kit& kit, Random r) {
  if (kit.unseen(b.frame(), 7.f)) return;
  const bool large = r.chance(0.55f);
  const float w = large ? 1.24f : 1.08f, cab = large ? 2.1f : 1.9f, bed = large ? 7.2f : 4.2f, h = large ? 3.7f : 2.9f,
              cab_h = large ? 2.9f : 2.3f;
  const float rear = -(bed + cab) * 0.5f, joint = rear + bed, front = joint + cab, floor = large ? 1.05f : 0.8f;
  const Color cab_color = kit.paint(Paint::cargo, r), box_color = kit.paint(Paint::cargo, r);
  // Cargo: box, tarpaulin or an open bed.
  const int cargo = r.below(4);
  Surface load = surface_of(cargo == 1 ? Material::paint : Material::panel, kTruck, box_color, r, box_color, 0.35f);
  b.with(load);
  if (cargo == 3) {
    b.box({-w, floor, rear}, {w, floor + 0.7f, joint - 0.1f}, true);
    b.with(surface_of(Material::plain, kTruck, srgb(0x6a5a48), r));
    b.tapered_box({-w * 0.9f, floor + 0.6f, rear + 0.3f}, {w * 0.9f, floor + 1.4f, joint - 0.5f}, 0.5f, 0.9f);
  } else {
    b.box({-w, floor, rear}, {w, h, joint - 0.08f}, true);
    b.with(surface_of(Material::plain, kTruck, box_color * 0.6f, r));
    for (const float x : {-0.01f, -w * 0.97f, w * 0.95f})
      b.quad({x, floor + 0.05f, rear - 0.01f}, {x + 0.04f, floor + 0.05f, rear - 0.01f},
             {x + 0.04f, h - 0.05f, rear - 0.01f}, {x, h - 0.05f, rear - 0.01f});
  }
  Surface paint_cab = surface_of(Material::paint, kTruck, cab_color, r);
  b.with(paint_cab);
  b.box({-w * 0.96f, 0.5f, joint}, {w * 0.96f, cab_h * 0.55f, front});
  const float slope = large ? 0.15f : 0.5f, y0 = cab_h * 0.55f;
  const V3 base[4] = {{-w * 0.96f, y0, joint}, {w * 0.96f, y0, joint}, {w * 0.96f, y0, front}, {-w * 0.96f, y0, front}};
  const V3 top[4] = {{-w * 0.9f, cab_h, joint},
                     {w * 0.9f, cab_h, joint},
                     {w * 0.9f, cab_h, front - slope},
                     {-w * 0.9f, cab_h, front - slope}};
  for (int i = 0; i < 4; ++i) b.quad(base[(i + 1) % 4], base[i], top[i], top[(i + 1) % 4]);
  b.quad(top[0], top[1], top[2], top[3]);
  b.with(surface_of(Material::glass, kTruck, kit.grey(0.018f), r));
  inset(b, base[2], base[3], top[3], top[2], 0.05f, 0.95f, 0.04f, 0.80f, -0.015f);
  inset(b, base[1], base[2], top[2], top[1], 0.25f, 0.92f, 0.06f, 0.76f, -0.015f);
  inset(b, base[3], base[0], top[0], top[3], 0.08f, 0.75f, 0.06f, 0.76f, -0.015f);
  b.with(surface_of(Material::plain, kTruck, kit.grey(0.02f), r));
  b.box({-w * 0.97f, 0.35f, front - 0.1f}, {w * 0.97f, 0.75f, front + 0.06f});
  b.quad({-w * 0.6f, 0.85f, front + 0.012f}, {w * 0.6f, 0.85f, front + 0.012f}, {w * 0.6f, 1.25f, front + 0.012f},
         {-w * 0.6f, 1.25f, front + 0.012f});
  b.box({-w * 0.8f, 0.5f, rear + 0.3f}, {w * 0.8f, floor, joint}, true);
  b.box({-w * 0.95f, 0.42f, rear + 0.02f}, {w * 0.95f, 0.62f, rear + 0.12f}, true);
  for (const float s : {-1.f, 1.f})
    b.box({least(s * w, s * (w + 0.22f)), cab_h * 0.6f, front - 0.25f},
          {most(s * w, s * (w + 0.22f)), cab_h * 0.82f, front - 0.1f});
  b.with(surface_of(Material::glass, kTruck, srgb(0xb8bcc0), r));
  for (const float s : {-1.f, 1.f})
    b.quad({s * w * 0.55f, 0.5f, front + 0.07f}, {s * w * 0.9f, 0.5f, front + 0.07f},
           {s * w * 0.9f, 0.68f, front + 0.07f}, {s * w * 0.55f, 0.68f, front + 0.07f});
  b.with(surface_of(Material::plain, kTruck, srgb(0xa01818), r));
  for (const float s : {-1.f, 1.f})
    b.quad({s * w * 0.6f, 0.46f, rear}, {s * w * 0.92f, 0.46f, rear}, {s * w * 0.92f, 0.6f, rear},
           {s * w * 0.6f, 0.6f, rear});
  const float radius = large ? 0.5f : 0.4f;
  const Random rim = r.fork(3);
  const float axles[3] = {front - (large ? 0.9f : 1.0f), rear + 1.2f, rear + 1.2f + 2.2f * radius};
  for (int i = 0; i < (large ? 3 : 2); ++i)
    for (const float s : {-1.f, 1.f}) {
      Random same = rim;
      add_wheel(b, kit, same, {s * (w - 0.14f), radius, axles[i]}, radius, 0.3f, s, kTruck);
    }
}

void add_bus(Builder b, const Kit& kit, Random r) {
  const float half = r.range(5.4f, 6.1f), w = 1.26f, h = r.chance(0.18f) ? 4.2f : r.range(2.95f, 3.2f);
  const Color color = kit.paint(Paint::bus, r), accent = kit.paint(Paint::bus, r);
  Surface side = surface_of(Material::coach, kBus, color, r, accent, 1.05f, h > 4 ? 1.95f : h - 0.55f, 1.55f, 1);
  b.with(side);
  for (const float s : {-1.f, 1.f})
    b.quad_uv({s * w, 0.32f, -half}, {s * w, 0.32f, half}, {s * w, h - 0.2f, half}, {s * w, h - 0.2f, -half}, 0, 0.32f,
              2 * half, h - 0.2f);
  if (h > 4) {  // the upper deck
    side.p[0] = 2.55f;
    side.p[1] = 3.7f;
    side.p[3] = 0;
    b.with(side);
    for (const float s : {-1.f, 1.f})
      b.quad_uv({s * (w + 0.01f), 2.1f, -half}, {s * (w + 0.01f), 2.1f, half}, {s * (w + 0.01f), h - 0.2f, half},
                {s * (w + 0.01f), h - 0.2f, -half}, 0, 2.1f, 2 * half, h - 0.2f);
  }
  b.with(surface_of(Material::paint, kBus, color, r));
  for (const float s : {-1.f, 1.f})
    b.quad({-w, 0.32f, s * half}, {w, 0.32f, s * half}, {w, h - 0.2f, s * (half - 0.06f)},
           {-w, h - 0.2f, s * (half - 0.06f)});
  b.tapered_box({-w, h - 0.2f, -half + 0.06f}, {w, h, half - 0.06f}, 0.18f, 0.2f);
  b.with(surface_of(Material::plain, kBus, kit.grey(0.01f), r));
  b.quad({-w, 0.32f, -half}, {w, 0.32f, -half}, {w, 0.32f, half}, {-w, 0.32f, half});
  b.with(surface_of(Material::glass, kBus, kit.grey(0.02f), r));
  b.quad({-w * 0.93f, 1.1f, half + 0.015f}, {w * 0.93f, 1.1f, half + 0.015f},
         {w * 0.93f, h > 4 ? 2.2f : h - 0.6f, half - 0.01f}, {-w * 0.93f, h > 4 ? 2.2f : h - 0.6f, half - 0.01f});
  b.quad({-w * 0.85f, h - 1.5f, -half - 0.01f}, {w * 0.85f, h - 1.5f, -half - 0.01f},
         {w * 0.85f, h - 0.6f, -half + 0.02f}, {-w * 0.85f, h - 0.6f, -half + 0.02f});
  if (h > 4)
    b.quad({-w * 0.9f, 2.7f, half + 0.015f}, {w * 0.9f, 2.7f, half + 0.015f}, {w * 0.9f, 3.75f, half - 0.03f},
           {-w * 0.9f, 3.75f, half - 0.03f});
  Surface line = surface_of(Material::sign, kBus, kit.grey(0.01f), r, {}, 6);
  b.with(line);
  const float board = h > 4 ? 2.25f : h - 0.56f;
  b.quad_uv({-w * 0.7f, board, half + 0.02f}, {w * 0.7f, board, half + 0.02f}, {w * 0.7f, board + 0.3f, half},
            {-w * 0.7f, board + 0.3f, half}, -1, -1, 1, 1);
  b.with(surface_of(Material::plain, kBus, kit.grey(0.03f), r));
  b.quad({-w, 0.34f, half + 0.014f}, {w, 0.34f, half + 0.014f}, {w, 0.62f, half + 0.014f}, {-w, 0.62f, half + 0.014f});
  b.quad({-w, 0.34f, -half - 0.014f}, {w, 0.34f, -half - 0.014f}, {w, 0.62f, -half - 0.014f},
         {-w, 0.62f, -half - 0.014f});
  b.quad({-w * 0.6f, 0.8f, -half - 0.012f}, {w * 0.6f, 0.8f, -half - 0.012f}, {w * 0.6f, 1.25f, -half - 0.012f},
         {-w * 0.6f, 1.25f, -half - 0.012f});
  b.with(surface_of(Material::glass, kBus, srgb(0xc4c8cc), r));
  for (const float s : {-1.f, 1.f})
    b.quad({s * w * 0.55f, 0.66f, half + 0.02f}, {s * w * 0.94f, 0.66f, half + 0.02f},
           {s * w * 0.94f, 0.86f, half + 0.02f}, {s * w * 0.55f, 0.86f, half + 0.02f});
  b.with(surface_of(Material::glow, kBus, Color{0.7f, 0.04f, 0.03f}, r));
  for (const float s : {-1.f, 1.f})
    b.quad({s * w * 0.78f, 0.7f, -half - 0.02f}, {s * w * 0.94f, 0.7f, -half - 0.02f},
           {s * w * 0.94f, 1.2f, -half - 0.02f}, {s * w * 0.78f, 1.2f, -half - 0.02f});
  const Random rim = r.fork(3);
  for (const float z : {half - 2.6f, -half + 3.0f})
    for (const float s : {-1.f, 1.f}) {
      b.with(surface_of(Material::plain, kBus, kit.grey(0.008f), r));
      b.disc({s * (w + 0.006f), 0.5f, z}, {s, 0, 0}, 0.58f, 14);
      Random same = rim;
      add_wheel(b, kit, same, {s * (w - 0.12f), 0.48f, z}, 0.48f, 0.3f, s, kBus);
    }
}

void add_tram(Builder b, const Kit& kit, Random r, int wagons) {
  const float w = 1.2f, h = 3.4f, length = 9.5f;
  const Color color = kit.paint(Paint::tram, r), accent = kit.paint(Paint::tram, r);
  const Surface side = surface_of(Material::coach, kTrain, color, r, accent, 1.15f, 2.65f, 1.5f, 1);
  const Surface plain = surface_of(Material::paint, kTrain, color, r),
                dark = surface_of(Material::plain, kTrain, kit.grey(0.03f), r);
  const Surface glass = surface_of(Material::glass, kTrain, kit.grey(0.02f), r);
  const Surface lamp = surface_of(Material::glow, kTrain, Color{1.3f, 1.2f, 0.9f}, r);
  for (int i = 0; i < wagons; ++i) {
    const float z0 = float(i) * (length + 0.5f), z1 = z0 + length;
    const float nose0 = i == 0 ? 0.7f : 0.f, nose1 = i + 1 == wagons ? 0.7f : 0.f;
    b.with(side);
    for (const float s : {-1.f, 1.f})
      b.quad_uv({s * w, 0.3f, z0 + nose0}, {s * w, 0.3f, z1 - nose1}, {s * w, h - 0.25f, z1 - nose1},
                {s * w, h - 0.25f, z0 + nose0}, 0, 0.3f, length - nose0 - nose1, h - 0.25f);
    b.with(plain);
    for (const int end : {0, 1}) {
      const float z = end != 0 ? z1 : z0, nose = end != 0 ? nose1 : nose0, back = end != 0 ? z1 - nose : z0 + nose,
                  x = w * (nose > 0 ? 0.72f : 1.f);
      b.quad({-x, 0.3f, z}, {x, 0.3f, z}, {x, 1.4f, z}, {-x, 1.4f, z});
      b.quad({-x, 1.4f, z}, {x, 1.4f, z}, {x, h - 0.25f, mix(z, back, 0.5f)}, {-x, h - 0.25f, mix(z, back, 0.5f)});
      if (nose > 0)
        for (const float s : {-1.f, 1.f}) {
          b.quad({s * x, 0.3f, z}, {s * w, 0.3f, back}, {s * w, h - 0.25f, back}, {s * x, 1.4f, z});
          b.triangle({s * x, 1.4f, z}, {s * w, h - 0.25f, back}, {s * x, h - 0.25f, mix(z, back, 0.5f)});
        }
    }
    b.tapered_box({-w, h - 0.25f, z0 + 0.35f}, {w, h, z1 - 0.35f}, 0.25f, 0.2f);
    b.with(dark);
    b.box({-0.8f, h, z0 + 2.f}, {0.8f, h + 0.28f, z1 - 2.f});
    b.box({-w * 0.9f, 0.05f, z0 + 1.2f}, {w * 0.9f, 0.4f, z0 + 3.2f});
    b.box({-w * 0.9f, 0.05f, z1 - 3.2f}, {w * 0.9f, 0.4f, z1 - 1.2f});
    b.quad({-w, 0.3f, z0}, {w, 0.3f, z0}, {w, 0.3f, z1}, {-w, 0.3f, z1});
    if (i + 1 < wagons) b.box({-w * 0.88f, 0.4f, z1}, {w * 0.88f, h - 0.3f, z1 + 0.5f});
    b.with(glass);
    for (const int end : {0, 1}) {
      if (end != 0 ? i + 1 != wagons : i != 0) continue;
      const float z = end != 0 ? z1 : z0, d = end != 0 ? 1.f : -1.f, x = w * 0.66f;
      b.quad({-x, 1.45f, z + d * 0.02f}, {x, 1.45f, z + d * 0.02f}, {x, h - 0.5f, z - d * 0.24f},
             {-x, h - 0.5f, z - d * 0.24f});
    }
    b.with(lamp);
    for (const int end : {0, 1}) {
      if (end != 0 ? i + 1 != wagons : i != 0) continue;
      const float z = end != 0 ? z1 + 0.02f : z0 - 0.02f;
      for (const float s : {-1.f, 1.f}) b.disc({s * 0.6f, 0.85f, z}, {0, 0, end != 0 ? 1.f : -1.f}, 0.11f, 8);
    }
  }
  // The bow that takes the current.
  b.with(dark);
  const float z = length * 0.5f;
  for (const float s : {-0.4f, 0.4f}) {
    b.tube({s, h + 0.28f, z}, {s, h + 0.9f, z - 0.9f}, 0.03f, 0.03f, 4);
    b.tube({s, h + 0.9f, z - 0.9f}, {s, h + 1.6f, z}, 0.03f, 0.03f, 4);
  }
  b.tube({-0.85f, h + 1.6f, z}, {0.85f, h + 1.6f, z}, 0.035f, 0.035f, 4);
}

}  // namespace segue::data::scene
