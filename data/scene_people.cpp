// Persons: joints from a pose, limbs between them.
#include "scene_parts.h"

namespace segue::data::scene {
namespace {

/// The joint between two bones of lengths l0, l1 from `from` to `to`, bent towards `bend`; `to` moves nearer if it is out
/// of reach.
V3 joint(V3 from, V3& to, float l0, float l1, V3 bend) {
  V3 way = to - from;
  float d = length(way);
  const float reach = 0.995f * (l0 + l1);
  if (d > reach) {
    way = way * (reach / d);
    to = from + way;
    d = reach;
  }
  const V3 ahead = normalize(way);
  const float along = (l0 * l0 - l1 * l1 + d * d) / (2.f * d), out2 = l0 * l0 - along * along;
  const V3 side = normalize(bend - ahead * dot(bend, ahead));
  return from + ahead * along + side * (out2 > 0 ? std::sqrt(out2) : 0.f);
}

/// A body through ellipses about the line from `foot` to `top`, standing across it as far as it leans.
struct Slice {
  float at, half_x, half_z;  // share of the way; metres
};
void trunk(Builder& b, V3 foot, V3 top, const Slice* slices, int count, int sides) {
  std::vector<V3> rings;
  const V3 up = normalize(top - foot), right = {1, 0, 0}, ahead = cross(right, up);
  for (int i = 0; i < count; ++i)
    for (int j = 0; j < sides; ++j) {
      const float t = (float(j) + 0.5f) / float(sides);
      rings.push_back(mix(foot, top, slices[i].at) + right * (cos_turns(t) * slices[i].half_x) +
                      ahead * (sin_turns(t) * slices[i].half_z));
    }
  b.loft(rings, sides, true, true);
}

}  // namespace

Clothes choose_clothes(const Kit& kit, Random& r) {
  Clothes c;
  c.shirt = kit.paint(Paint::shirt, r);
  c.trousers = kit.paint(Paint::trousers, r);
  c.shoes = kit.grey(0.02f);
  c.skin = kit.paint(Paint::skin, r);
  c.hair = kit.paint(Paint::hair, r);
  c.coat = r.chance(0.35f);
  c.bag = r.chance(0.3f);
  return c;
}

void add_figure(Builder& b, const Kit& kit, Random& r, const Clothes& c, const Pose& pose, uint8_t label) {
  const float h = pose.height;
  const V3 up = normalize(pose.neck - pose.pelvis);
  const Surface shirt = surface_of(Material::plain, label, c.shirt, r),
                trousers = surface_of(Material::plain, label, c.trousers, r);
  const Surface skin = surface_of(Material::plain, label, c.skin, r),
                shoes = surface_of(Material::plain, label, c.shoes, r);
  const int round = kit.sides(b.frame(), 6);
  const bool close = kit.distance(b.frame()) < 20;
  const float thigh = 0.245f * h, shank = 0.25f * h, upper = 0.165f * h, fore = 0.155f * h;
  for (int i = 0; i < 2; ++i) {
    const float s = i == 0 ? -1.f : 1.f;
    const V3 hip = pose.pelvis + V3{s * 0.055f * h, 0, 0};
    V3 ankle = pose.feet[i] + V3{0, 0.045f * h, 0};
    const V3 knee = joint(hip, ankle, thigh, shank, {s * 0.12f, 0.2f, 1.f});
    b.with(trousers);
    b.tube(hip, knee, 0.056f * h, 0.040f * h, round);
    b.tube(knee, ankle, 0.041f * h, 0.028f * h, round);
    b.with(shoes);
    b.box(ankle + V3{-0.026f * h, -0.045f * h, -0.03f * h}, ankle + V3{0.026f * h, 0.0f, 0.10f * h});
    b.with(shirt);
    const V3 shoulder = pose.neck + V3{s * 0.108f * h, 0, 0} + up * (-0.035f * h);
    V3 wrist = pose.hands[i];
    const V3 elbow = joint(shoulder, wrist, upper, fore, {s * 0.4f, -0.5f, -1.f});
    b.tube(shoulder, elbow, 0.034f * h, 0.027f * h, round);
    b.tube(elbow, wrist, 0.027f * h, 0.021f * h, round);
    if (!close) continue;
    b.with(skin);
    b.ellipsoid(wrist + normalize(wrist - elbow) * (0.03f * h), {0.021f * h, 0.03f * h, 0.024f * h}, 3, 5);
  }
  b.with(shirt);
  const Slice body[] = {{c.coat ? -0.48f : -0.12f, c.coat ? 0.135f * h : 0.106f * h, c.coat ? 0.13f * h : 0.078f * h},
                        {0.04f, 0.106f * h, 0.078f * h},
                        {0.35f, 0.088f * h, 0.066f * h},
                        {0.72f, 0.112f * h, 0.074f * h},
                        {0.9f, 0.115f * h, 0.066f * h},
                        {1.0f, 0.055f * h, 0.045f * h}};
  trunk(b, pose.pelvis, pose.neck, body, 6, kit.sides(b.frame(), 8));
  if (c.coat) {
    b.with(surface_of(Material::plain, label, c.shirt * 0.7f, r));
    b.tube(pose.pelvis + up * (0.04f * h), pose.pelvis + up * (0.065f * h), 0.09f * h, 0.09f * h, 8);
  }
  b.with(skin);
  const V3 head = pose.neck + V3{0, 0.092f * h, 0.012f * h};
  b.tube(pose.neck + up * (-0.01f * h), head, 0.03f * h, 0.03f * h, 6);
  b.ellipsoid(head, {0.045f * h, 0.064f * h, 0.052f * h}, close ? 6 : 4, round + 2);
  b.with(surface_of(c.helmet ? Material::paint : Material::plain, label, c.hair, r));
  b.ellipsoid(head + V3{0, 0.022f * h, -0.018f * h},
              c.helmet ? V3{0.060f * h, 0.060f * h, 0.066f * h} : V3{0.050f * h, 0.054f * h, 0.054f * h}, close ? 5 : 4,
              round + 2);
  if (c.bag) {
    b.with(surface_of(Material::plain, label, kit.paint(Paint::shirt, r), r));
    if (r.chance(0.5f)) {  // on the back
      const V3 at = mix(pose.pelvis, pose.neck, 0.62f) + V3{0, 0, -0.11f * h};
      b.ellipsoid(at, {0.085f * h, 0.12f * h, 0.06f * h}, 4, 6);
    } else {  // in a hand
      const V3 at = pose.hands[0] + V3{0, -0.16f, 0};
      b.box(at + V3{-0.04f, -0.18f, -0.16f}, at + V3{0.04f, 0.1f, 0.16f}, true);
    }
  }
}

void add_person(Builder b, const Kit& kit, Random r) {
  if (kit.unseen(b.frame(), 3.f)) return;
  Pose p;
  p.height = r.chance(0.12f) ? r.range(1.05f, 1.4f) : r.range(1.56f, 1.90f);
  Clothes c = choose_clothes(kit, r);
  const float h = p.height;
  const bool walking = r.chance(0.7f);
  const float phase = r.unit(), stride = walking ? 0.20f * h : 0.02f * h;
  const float swing = sin_turns(phase) * stride, lift = walking ? 0.05f * h : 0.f;
  p.pelvis = {0, 0.515f * h - (walking ? 0.02f * h * magnitude(sin_turns(phase)) : 0.f), 0};
  p.neck = {0, 0.835f * h, walking ? 0.025f * h : 0.f};
  const float apart = walking ? 0.045f * h : 0.075f * h;
  p.feet[0] = {-apart, cos_turns(phase) > 0 ? lift * cos_turns(phase) : 0.f, swing};
  p.feet[1] = {apart, cos_turns(phase) < 0 ? -lift * cos_turns(phase) : 0.f, -swing};
  for (int i = 0; i < 2; ++i) {
    const float s = i == 0 ? -1.f : 1.f, forth = i == 0 ? -swing : swing;
    p.hands[i] = {s * 0.15f * h, 0.49f * h + magnitude(forth) * 0.15f, forth * 0.9f + 0.02f * h};
  }
  const int gesture = r.below(8);
  if (gesture == 0) p.hands[1] = {0.05f * h, 0.86f * h, 0.10f * h};   // at the telephone
  if (gesture == 1) p.hands[0] = {-0.06f * h, 0.62f * h, 0.16f * h};  // reading
  if (gesture == 1) p.hands[1] = {0.06f * h, 0.62f * h, 0.16f * h};
  add_figure(b, kit, r, c, p, kPerson);
}

}  // namespace segue::data::scene
