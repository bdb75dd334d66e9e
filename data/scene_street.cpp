#include "scene_street.h"

namespace segue::data::scene {

Path::Path(const Frame& origin, float back, float length_m, const Bend* bends, int count, float slope, float slope_from)
    : begin_(back), end_(length_m) {
  const int first = floor_int(back), last = floor_int(length_m) + 1;
  steps_.resize(size_t(last - first + 1));
  const auto step = [&](int i) -> Frame& { return steps_[size_t(i - first)]; };
  const auto height = [&](int i) {
    const float s = most(float(i) - slope_from, 0.f);
    return slope * s * s / (s + 30.f);  // sets in gently
  };
  step(0) = origin;
  for (int i = 0; i > first; --i) step(i - 1) = step(i).moved({0, 0, -1});
  for (int i = 0; i < last; ++i) {
    float curve = 0;
    for (int k = 0; k < count; ++k)
      if (float(i) >= bends[k].from_m) curve = bends[k].curve_per_m;
    step(i + 1) = step(i).moved({0, 0, 1}, curve * 0.15915494f);
  }
  for (int i = 1; i <= last; ++i) step(i).origin.y += height(i);
}

Frame Path::at(float s, float u) const {
  const int first = floor_int(begin_);
  const float x = clamp(s - float(first), 0.f, float(steps_.size()) - 1.001f);
  const int i = floor_int(x);
  const float t = x - float(i);
  const Frame &a = steps_[size_t(i)], &b = steps_[size_t(i) + 1];
  Frame f;
  f.up = {0, 1, 0};
  f.forward = normalize(mix(a.forward, b.forward, t));
  f.right = cross(f.up, f.forward);
  // Beyond the ends the street goes straight on.
  f.origin = mix(a.origin, b.origin, t) + f.right * u + f.forward * (s - float(first) - x);
  return f;
}

Grounds choose_grounds(const Kit& kit, Random& r) {
  Grounds g;
  g.road = surface_of(Material::road, kRoad, kit.paint(Paint::asphalt, r), r);
  constexpr float kSlabs[5][2] = {{0.5f, 0.5f}, {0.4f, 0.6f}, {1.0f, 1.0f}, {0.2f, 0.1f}, {0.75f, 0.5f}};
  const int slab = r.below(5);
  g.walk =
      surface_of(Material::paving, kSidewalk, kit.paint(Paint::paving, r), r, {}, kSlabs[slab][0], kSlabs[slab][1]);
  if (r.chance(0.25f)) g.walk = surface_of(Material::asphalt, kSidewalk, kit.paint(Paint::asphalt, r) * 1.25f, r);
  g.kerb = surface_of(Material::paving, kSidewalk, kit.paint(Paint::kerb, r), r, {}, 5.f, 0.95f);
  g.kerb.seed &= ~1u;
  const Color grass = kit.paint(Paint::grass, r);
  g.grass = surface_of(Material::grass, kTerrain, grass, r, kit.paint(Paint::grass, r));
  return g;
}

void add_strip(Builder& b, const Path& path, float s0, float s1, float u0, float u1, float height) {
  Builder world = b.at(Frame{});
  float s = s0;
  while (s < s1 - 1e-3f) {
    const float next = least(s1, s + (s < 40 ? 2.f : s < 100 ? 4.f : 8.f));
    const Frame a = path.at(s), c = path.at(next);
    const V3 up = {0, height, 0};
    world.quad_uv(a.origin + a.right * u0 + up, a.origin + a.right * u1 + up, c.origin + c.right * u1 + up,
                  c.origin + c.right * u0 + up, u0, s, u1, next);
    s = next;
  }
}

namespace {

/// The upright face of a kerb.
void add_kerb_face(Builder& b, const Path& path, float s0, float s1, float u) {
  Builder world = b.at(Frame{});
  float s = s0;
  while (s < s1 - 1e-3f) {
    const float next = least(s1, s + (s < 40 ? 2.f : s < 100 ? 4.f : 8.f));
    const Frame a = path.at(s), c = path.at(next);
    const V3 p = a.origin + a.right * u, q = c.origin + c.right * u, up = {0, kKerbHeight, 0};
    world.quad_uv(p, p + up, q + up, q, 0, s, kKerbHeight, next);
    s = next;
  }
}

}  // namespace

void add_street_ground(Builder& b, const Path& path, const StreetPlan& plan, const Grounds& grounds, float s0, float s1,
                       int paint, bool crossing) {
  const float left = plan.side[0].road(), right = plan.side[1].road(), middle = plan.median * 0.5f;
  Surface road = grounds.road;
  road.p[0] = float(paint);
  b.with(road);
  if (middle > 0 && !crossing) {
    add_strip(b, path, s0, s1, -left - middle, -middle, 0);
    add_strip(b, path, s0, s1, middle, right + middle, 0);
    b.with(grounds.grass);
    add_strip(b, path, s0, s1, -middle + 0.15f, middle - 0.15f, kKerbHeight);
    b.with(grounds.kerb);
    for (const float s : {-1.f, 1.f}) {
      add_kerb_face(b, path, s0, s1, s * middle);
      add_strip(b, path, s0, s1, s < 0 ? -middle : middle - 0.15f, s < 0 ? -middle + 0.15f : middle, kKerbHeight);
    }
  } else {
    add_strip(b, path, s0, s1, -left - middle, right + middle, 0);
  }
  if (crossing) return;
  for (const int k : {0, 1}) {
    const StreetSide& side = plan.side[k];
    const float sign = k == 0 ? -1.f : 1.f, edge = side.road() + middle;
    const auto strip = [&](float from, float to) {
      add_strip(b, path, s0, s1, sign < 0 ? -to : from, sign < 0 ? -from : to, kKerbHeight);
    };
    b.with(grounds.kerb);
    add_kerb_face(b, path, s0, s1, sign * edge);
    strip(edge, edge + 0.16f);
    if (side.verge > 0) {
      b.with(grounds.grass);
      strip(edge + 0.16f, edge + side.verge);
    }
    if (side.walk > 0.2f) {
      b.with(plan.paved_walk ? grounds.walk : grounds.grass);
      strip(edge + most(side.verge, 0.16f), edge + side.verge + side.walk);
    }
  }
}

StreetPaint lane_paint(const StreetPlan& plan, Random& r) {
  StreetPaint p;
  p.lane_width = plan.lane;
  const float middle = plan.median * 0.5f;
  p.first_lane = middle;
  const bool yellow = r.chance(0.12f), edges = r.chance(0.35f), wide = r.chance(0.2f);
  const float dash = r.range(6.f, 12.f), part = r.range(0.3f, 0.55f), width = r.range(0.10f, 0.16f);
  const bool axis = r.chance(0.8f), solid = r.chance(0.25f), double_line = r.chance(0.12f);
  const bool yellow_kerb = r.chance(0.15f);
  if (plan.median == 0 && axis) {
    if (double_line) {
      for (const float s : {-0.12f, 0.12f}) p.lines.push_back({s, width, 0, 1, yellow});
    } else {
      p.lines.push_back({0, wide ? width * 1.4f : width, solid ? 0.f : dash, part, yellow});
    }
  }
  for (const int k : {0, 1}) {
    const StreetSide& side = plan.side[k];
    const float sign = k == 0 ? -1.f : 1.f;
    for (int i = 1; float(i) * plan.lane < side.lanes - 1.f; ++i)
      p.lines.push_back({sign * (middle + float(i) * plan.lane), width, dash, part, false});
    if (side.parking > 0) {
      p.lines.push_back({sign * (middle + side.lanes), width * 0.9f, edges ? 0.f : 1.5f, edges ? 1.f : 0.6f, false});
    } else if (edges) {
      p.lines.push_back({sign * (middle + side.road() - 0.3f), width, 0, 1, false});
    } else if (yellow_kerb) {
      for (const float off : {0.25f, 0.45f})
        p.lines.push_back({sign * (middle + side.road() - off), 0.09f, 0, 1, true});
    }
  }
  return p;
}

}  // namespace segue::data::scene
