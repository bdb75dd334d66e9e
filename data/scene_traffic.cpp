#include "scene_traffic.h"

namespace segue::data::scene {
namespace {

enum class Mover : uint8_t { car, truck, bus, motorcycle, bicycle };

Mover choose_mover(Random& r) {
  const float t = r.unit();
  return t < 0.85f   ? Mover::car
         : t < 0.89f ? Mover::truck
         : t < 0.93f ? Mover::bus
         : t < 0.97f ? Mover::motorcycle
                     : Mover::bicycle;
}

float half_length(Mover m) { return m == Mover::bus ? 6.2f : m == Mover::truck ? 4.8f : m == Mover::car ? 2.5f : 1.1f; }

void add_mover(Builder b, const Kit& kit, const Random& r, Mover m) {
  switch (m) {
    case Mover::car: add_car(b, kit, r); break;
    case Mover::truck: add_truck(b, kit, r); break;
    case Mover::bus: add_bus(b, kit, r); break;
    case Mover::motorcycle: add_motorcycle(b, kit, r, true); break;
    case Mover::bicycle: add_bicycle(b, kit, r, true); break;
  }
}

void add_lane(Builder& b, const LotContext& c, Random& r, const Path& path, float u, bool towards, float from,
              const Stretch& where, float density) {
  float s = from;
  for (int i = 0; s < least(where.end_m, 130.f); ++i) {
    const Mover m = choose_mover(r);
    const float half = half_length(m);
    s += half;
    Random own = r.fork(uint32_t(i) + 50);
    const float du = r.range(-0.25f, 0.25f), turn = r.range(-0.004f, 0.004f);
    const bool here = r.chance(density);
    const float gap = r.range(4.f, 28.f) / (0.4f + density);
    if (here) {
      const Frame f = path.at(s, u + (m == Mover::bicycle ? 0.9f : 1.f) * du);
      add_mover(b.at(f.moved({}, (towards ? 0.5f : 0.f) + turn)), c.kit, own, m);
    }
    s += half + gap;
  }
}

void add_parked(Builder& b, const LotContext& c, Random& r, const Path& path, float u, bool towards,
                const Stretch& where, float density) {
  float s = most(where.begin_m, -6.f) + r.range(0.f, 4.f);
  for (int i = 0; s < least(where.end_m, 110.f); ++i) {
    Random own = r.fork(uint32_t(i) + 500);
    const float what = r.unit(), du = r.range(-0.12f, 0.12f), turn = r.range(-0.006f, 0.006f),
                gap = r.range(0.7f, 2.2f);
    const bool taken = r.chance(density), wrong_way = r.chance(0.1f);
    float reach = 5.2f;
    if (what > 0.988f) reach = 9.5f;
    const float middle = s + reach * 0.5f;
    if (taken && !where.in_gap(middle, reach * 0.5f + 4.f)) {
      Builder at = b.at(path.at(middle, u + du).moved({}, (towards != wrong_way ? 0.5f : 0.f) + turn));
      if (what > 0.988f) {
        add_truck(at, c.kit, own);
      } else if (what > 0.94f) {
        add_motorcycle(at, c.kit, own, false);
      } else {
        add_car(at, c.kit, own);
      }
    }
    s += reach + gap * (what > 0.8f ? 2.f : 0.6f);
  }
}

/// How busy a district is.
struct Bustle {
  float parked, driving, people_per_m, bicycles, cyclists;
};
constexpr Bustle kBustle[5] = {{0.66f, 0.34f, 0.100f, 0.6f, 0.20f},
                               {0.56f, 0.32f, 0.065f, 0.45f, 0.16f},
                               {0.48f, 0.22f, 0.030f, 0.25f, 0.14f},
                               {0.55f, 0.42f, 0.070f, 0.45f, 0.18f},
                               {0.30f, 0.34f, 0.010f, 0.1f, 0.12f}};

void add_people(Builder& b, const LotContext& c, Random& r, const Path& path, float sign, const StreetSide& side,
                float middle, const Stretch& where, float per_m) {
  const float near = middle + side.road() + side.verge + 0.35f, far = middle + side.edge() - 0.35f;
  if (far < near) return;
  const int n = int(per_m * 70.f * r.range(0.3f, 1.9f) + r.unit());
  for (int i = 0; i < n; ++i) {
    const float t = r.unit();
    const float s = 5.f + 65.f * t * (0.4f + 0.6f * t), u = r.range(near, far);
    const bool along = r.chance(0.82f), towards = r.chance(0.5f);
    const float heading = (along && !towards ? 0.f : 0.5f) + r.range(-0.03f, 0.03f) * (along ? 1.f : 16.f);
    const bool pair = r.chance(0.35f);
    Random own = r.fork(uint32_t(i) + 900);
    if (where.in_gap(s) || s > where.end_m) continue;
    const Frame f = path.at(s, sign * u).moved({0, kKerbHeight, 0}, heading);
    add_person(b.at(f), c.kit, own);
    if (pair) add_person(b.at(f.moved({0.62f, 0, 0.1f})), c.kit, own.fork(1));
  }
}

void add_parked_bicycles(Builder& b, const LotContext& c, Random& r, const Path& path, float sign,
                         const StreetSide& side, float middle, const Stretch& where) {
  const int groups = 1 + r.below(2);
  for (int g = 0; g < groups; ++g) {
    const float s = r.range(6.f, 40.f);
    const bool at_wall = r.chance(0.5f), across = r.chance(0.45f);
    const float u = middle + (at_wall ? side.edge() - 0.45f : side.road() + side.verge + 0.55f);
    const int n = 1 + r.below(5);
    for (int i = 0; i < n; ++i) {
      const float at = s + float(i) * (across ? 0.7f : 1.95f), lean = r.range(0.01f, 0.03f);
      if (where.in_gap(at, 1.f) || at > where.end_m) continue;
      const Frame f = path.at(at, sign * u).moved({0, kKerbHeight, 0}, (across ? 0.25f : 0.f) + r.range(-0.02f, 0.02f));
      const Random own = r.fork(uint32_t(g * 16 + i) + 1300);
      if (r.chance(0.10f)) {
        add_motorcycle(b.at(f), c.kit, own, false);
      } else {
        add_bicycle(b.at(f.rolled(lean)), c.kit, own, false);
      }
    }
  }
}

void add_row(Builder& b, const LotContext& c, Random& r, const Path& path, float sign, const StreetSide& side,
             float middle, const Stretch& where) {
  constexpr float kTrees[5] = {0.44f, 0.70f, 0.72f, 0.95f, 0.75f};
  const float kerb = middle + side.road();
  const float u_tree = side.verge > 1 ? kerb + side.verge * 0.5f : kerb + 0.9f;
  if ((side.verge > 1 || side.walk > 2.2f) && r.chance(kTrees[int(c.district)])) {
    const float step = r.range(7.f, 13.f);
    const Random species = r.fork(70);
    const bool alike = r.chance(0.6f);
    float s = most(where.begin_m, -4.f) + r.range(0.f, step);
    for (int i = 0; s < least(where.end_m, 150.f); ++i, s += step) {
      if (where.in_gap(s, 3.f) || r.chance(0.12f)) continue;
      const Frame f = path.at(s, sign * u_tree);
      add_tree(b.at(f.moved({0, kKerbHeight - 0.05f, 0}, float(r.below(64)) / 64.f)), c.kit,
               alike ? species : species.fork(uint32_t(i)), c.trees);
    }
  }
  if (r.chance(0.75f)) {  // lamps
    const float step = r.range(20.f, 34.f);
    const Random same = r.fork(71);
    for (float s = r.range(2.f, step); s < least(where.end_m, 150.f); s += step)
      if (!where.in_gap(s, 1.f))
        add_lamp_post(b.at(path.at(s, sign * (kerb + 0.5f)).moved({0, kKerbHeight, 0}, sign > 0 ? -0.25f : 0.25f)),
                      c.kit, same);
  }
  if (c.district != District::downtown && r.chance(0.22f)) {
    const float step = r.range(28.f, 40.f);
    const Random same = r.fork(72);
    for (float s = r.range(4.f, step); s < least(where.end_m, 140.f); s += step)
      if (!where.in_gap(s, 1.f))
        add_utility_pole(b.at(path.at(s, sign * (middle + side.edge() - 0.3f)).moved({0, kKerbHeight, 0})), c.kit,
                         same);
  }
  const int signs = r.below(4);
  for (int i = 0; i < signs; ++i) {
    const float s = r.range(6.f, 60.f), turn = r.range(-0.03f, 0.03f);
    const bool away = r.chance(sign > 0 ? 0.2f : 0.6f);
    if (where.in_gap(s) || s > where.end_m) continue;
    add_sign_post(b.at(path.at(s, sign * (kerb + 0.45f)).moved({0, kKerbHeight, 0}, turn + (away ? 0.5f : 0.f))), c.kit,
                  r.fork(uint32_t(i) + 80));
  }
  if (r.chance(0.2f)) {
    const float s = r.range(14.f, 55.f);
    if (!where.in_gap(s, 2.f) && s < where.end_m && side.edge() - side.road() > 1.5f)
      add_direction_board(b.at(path.at(s, sign * (middle + side.edge() - 0.6f)).moved({0, kKerbHeight, 0})), c.kit,
                          r.fork(90));
  }
  if (r.chance(c.district == District::downtown ? 0.3f : 0.1f)) {
    const Random same = r.fork(91);
    const float from = r.range(2.f, 20.f), step = r.range(1.4f, 2.4f);
    for (int i = 0; i < 14; ++i) {
      const float s = from + float(i) * step;
      if (!where.in_gap(s, 0.5f) && s < where.end_m)
        add_bollard(b.at(path.at(s, sign * (kerb + 0.3f)).moved({0, kKerbHeight, 0})), c.kit, same);
    }
  }
  if (r.chance(0.13f) && side.walk > 2.2f && c.district != District::outskirts) {
    const float s = r.range(12.f, 45.f);
    if (!where.in_gap(s, 3.f) && s < where.end_m)
      add_shelter(
          b.at(path.at(s, sign * (middle + side.edge() - 1.9f)).moved({0, kKerbHeight, 0}, sign > 0 ? 0.25f : -0.25f)),
          c.kit, r.fork(92));
  }
  // A railing along the kerb.
  if (r.chance(0.18f)) {
    const float s0 = r.range(3.f, 25.f), s1 = s0 + r.range(8.f, 20.f);
    if (s1 < where.end_m && !where.in_gap(s0, s1 - s0 + 2.f)) {
      const Frame f = path.at(s0, sign * (kerb + 0.25f));
      const V3 way = path.at(s1, sign * (kerb + 0.25f)).origin - f.origin;
      Frame along;
      along.origin = f.origin + V3{0, kKerbHeight, 0};
      along.right = normalize(way);
      along.forward = cross(along.right, V3{0, 1, 0});
      along.up = {0, 1, 0};
      add_fence(b.at(along), c.kit, r.fork(93), length(way));
    }
  }
}

}  // namespace

void add_traffic(Builder& b, const LotContext& c, Random r, const Path& path, const StreetPlan& plan,
                 const Stretch& where, int own_lane, bool tram) {
  const Bustle& bustle = kBustle[int(c.district)];
  const float middle = plan.median * 0.5f, busy = r.range(0.35f, 1.35f);
  for (const int k : {0, 1}) {
    const StreetSide& side = plan.side[k];
    const float sign = k == 0 ? -1.f : 1.f;
    if (side.parking > 1) {
      Random own = r.fork(uint32_t(k) + 10);
      add_parked(b, c, own, path, sign * (middle + side.lanes + side.parking * 0.5f), k == 0, where,
                 bustle.parked * least(1.15f, 0.5f + 0.6f * busy));
    }
    for (int lane = 0; float(lane) * plan.lane < side.lanes - 1.f; ++lane) {
      Random own = r.fork(uint32_t(k * 8 + lane) + 20);
      const bool ours = k == 1 && lane == own_lane;
      // Room to the one ahead, none beside the camera.
      const float from = ours ? own.range(7.5f, 26.f) : k == 1 ? own.range(2.f, 20.f) : own.range(4.f, 22.f);
      if (tram && lane == 0 && k == 0) continue;
      add_lane(b, c, own, path, sign * (middle + (float(lane) + 0.5f) * plan.lane), k == 0, from, where,
               bustle.driving * busy);
    }
    // Cyclists keep to the side.
    Random own = r.fork(uint32_t(k) + 40);
    if (own.chance(bustle.cyclists)) {
      const int n = 1 + own.below(2);
      for (int i = 0; i < n; ++i) {
        const float s = own.range(7.f, 34.f);
        const float u = sign * (middle + side.lanes - 0.55f);
        const bool motor = own.chance(0.22f);
        Builder at = b.at(path.at(s, u).moved({}, k == 0 ? 0.5f : 0.f));
        if (motor) {
          add_motorcycle(at, c.kit, own.fork(uint32_t(i)), true);
        } else {
          add_bicycle(at, c.kit, own.fork(uint32_t(i)), true);
        }
      }
    }
  }
  if (tram) {
    Random own = r.fork(60);
    const float s = own.range(14.f, 45.f);
    const int wagons = 2 + own.below(2);
    add_tram(b.at(path.at(s, -(middle + plan.lane * 0.5f))), c.kit, own, wagons);
  }
}

void add_walks(Builder& b, const LotContext& c, Random r, const Path& path, const StreetPlan& plan,
               const Stretch& where) {
  const Bustle& bustle = kBustle[int(c.district)];
  const float middle = plan.median * 0.5f;
  for (const int k : {0, 1}) {
    const float sign = k == 0 ? -1.f : 1.f;
    Random row = r.fork(uint32_t(k) + 1), people = r.fork(uint32_t(k) + 3), bicycles = r.fork(uint32_t(k) + 5);
    add_row(b, c, row, path, sign, plan.side[k], middle, where);
    add_people(b, c, people, path, sign, plan.side[k], middle, where, bustle.people_per_m);
    if (bicycles.chance(bustle.bicycles)) add_parked_bicycles(b, c, bicycles, path, sign, plan.side[k], middle, where);
  }
  if (plan.median > 1.5f) {  // trees, bushes and signs on the strip in the middle
    Random own = r.fork(7);
    const bool trees = own.chance(0.65f);
    const float step = own.range(7.f, 12.f);
    for (float s = own.range(0.f, step); s < least(where.end_m, 140.f); s += step) {
      if (where.in_gap(s, 3.f)) continue;
      const Frame f = path.at(s).moved({0, kKerbHeight - 0.05f, 0});
      if (trees) {
        add_tree(b.at(f), c.kit, own.fork(1), c.trees);
      } else if (own.chance(0.5f)) {
        add_bush(b.at(f), c.kit, own.fork(uint32_t(s)), 1.1f);
      }
    }
  }
}

}  // namespace segue::data::scene
