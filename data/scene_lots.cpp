#include "scene_lots.h"

namespace segue::data::scene {
namespace {

enum class Lot : uint8_t { terrace, block, villa, hall, church, park, thicket, square, walled, field };

/// Odds in percent, by district.
struct LotOdds {
  Lot lot;
  int odds[5];  // downtown, mixed, residential, avenue, outskirts
};
constexpr LotOdds kLots[] = {{Lot::terrace, {60, 34, 14, 22, 4}}, {Lot::block, {19, 16, 3, 33, 4}},
                             {Lot::villa, {1, 12, 48, 2, 12}},    {Lot::hall, {2, 5, 0, 4, 9}},
                             {Lot::church, {3, 2, 1, 1, 0}},      {Lot::park, {5, 11, 10, 15, 14}},
                             {Lot::thicket, {2, 8, 12, 8, 32}},   {Lot::square, {4, 3, 0, 6, 0}},
                             {Lot::walled, {4, 9, 12, 6, 18}},    {Lot::field, {0, 0, 0, 1, 7}}};

Lot choose_lot(District district, Random& r) {
  int t = r.below(100);
  for (const LotOdds& l : kLots) {
    t -= l.odds[int(district)];
    if (t < 0) return l.lot;
  }
  return Lot::terrace;
}

struct Plot {
  float width;
  bool first, last;  // of its row: its outer side can be seen
};

void lawn(Builder& b, const LotContext& c, float width, float depth) {
  b.with(c.grounds.grass);
  b.quad({0, 0, 0}, {width, 0, 0}, {width, 0, depth}, {0, 0, depth});
}

void plant(Builder& b, const LotContext& c, Random& r, float x, float z, bool tree) {
  const Random own = r.fork(r.bits());
  if (tree) {
    add_tree(b.moved({x, -0.05f, z}, float(r.below(64)) / 64.f), c.kit, own, c.trees);
  } else {
    add_bush(b.moved({x, 0, z}), c.kit, own, r.range(0.9f, 2.1f));
  }
}

/// What parts a garden from the street, with a gap for the way in.
void add_border(Builder& b, const LotContext& c, Random& r, const Plot& p, float gap_at) {
  const float what = r.unit(), gap = 1.4f;
  if (what > 0.85f || p.width < 4) return;
  const float wall_h = r.range(0.7f, 1.7f), hedge_h = r.range(0.9f, 1.9f);
  const Random own = r.fork(11);
  for (const int part : {0, 1}) {
    const float x0 = part == 0 ? 0.1f : gap_at + gap * 0.5f, x1 = part == 0 ? gap_at - gap * 0.5f : p.width - 0.1f;
    if (x1 - x0 < 0.6f) continue;
    Builder at = b.moved({x0, 0, 0.25f});
    if (what < 0.33f) {
      add_hedge(at, c.kit, own, x1 - x0, hedge_h);
    } else if (what < 0.62f) {
      add_fence(at, c.kit, own, x1 - x0);
    } else {
      add_wall(at, c.kit, own, x1 - x0, wall_h);
    }
  }
}

void add_house_lot(Builder& b, const LotContext& c, Random& r, const Plot& p, Lot lot) {
  HousePlan plan;
  plan.width_m = p.width;
  plan.left_free = p.first;
  plan.right_free = p.last;
  const Random own = r.fork(21);
  float setback = 0;
  switch (lot) {
    case Lot::block:
      plan.kind = HousePlan::block;
      plan.storeys = 3 + r.below(c.district == District::downtown || c.district == District::avenue ? 5 : 3);
      plan.depth_m = 14;
      setback = r.chance(0.6f) ? 0.f : r.range(1.f, 5.f);
      break;
    case Lot::hall:
      plan.kind = HousePlan::hall;
      plan.storeys = 1 + r.below(2);
      plan.depth_m = 22;
      setback = r.range(2.f, 7.f);
      break;
    case Lot::church:
      plan.kind = HousePlan::church;
      plan.storeys = 1;
      plan.depth_m = 20;
      setback = r.range(2.f, 6.f);
      break;
    default:
      plan.storeys = 2 + r.below(c.district == District::downtown ? 4 : c.district == District::residential ? 2 : 3);
      setback = r.chance(0.8f) || c.district == District::downtown ? 0.f : r.range(1.5f, 3.f);
  }
  if (setback > 0.5f) {
    const bool green = lot != Lot::hall && r.chance(0.6f);
    b.with(green ? c.grounds.grass : c.grounds.walk);
    b.quad({0, 0, 0}, {p.width, 0, 0}, {p.width, 0, setback + 0.2f}, {0, 0, setback + 0.2f});
    plan.left_free = plan.right_free = true;
    if (green) add_border(b, c, r, p, p.width * 0.5f);
    const bool tree = r.chance(0.6f);
    if (setback > 3.5f && r.chance(0.5f)) plant(b, c, r, r.range(1.f, p.width - 1.f), setback * 0.5f, tree);
  }
  add_house(b.moved({0, 0, setback}), c.kit, own, plan);
}

void add_villa(Builder& b, const LotContext& c, Random& r, const Plot& p) {
  lawn(b, c, p.width, 24);
  HousePlan plan;
  plan.kind = HousePlan::villa;
  plan.width_m = most(6.f, p.width - r.range(3.f, 7.f));
  plan.depth_m = r.range(8.f, 11.f);
  plan.storeys = 1 + r.below(3);
  if (plan.storeys == 3) plan.storeys = 2;
  plan.left_free = plan.right_free = true;
  const float setback = r.range(2.5f, 7.5f), x = (p.width - plan.width_m) * r.range(0.2f, 0.8f);
  const Random own = r.fork(22);
  add_house(b.moved({x, 0, setback}), c.kit, own, plan);
  const float gap = x + plan.width_m * r.range(0.25f, 0.75f);
  b.with(c.grounds.walk);
  b.quad({gap - 0.6f, 0.015f, 0}, {gap + 0.6f, 0.015f, 0}, {gap + 0.6f, 0.015f, setback},
         {gap - 0.6f, 0.015f, setback});
  add_border(b, c, r, p, gap);
  const int plants = r.below(4);
  for (int i = 0; i < plants; ++i) {
    const float at = r.range(0.8f, p.width - 0.8f);
    if (magnitude(at - gap) < 1.2f) continue;
    const bool tree = r.chance(0.35f) && setback > 4;
    plant(b, c, r, at, r.range(1.0f, most(1.2f, setback - 0.8f)), tree);
  }
  if (r.chance(0.6f)) plant(b, c, r, r.range(0.f, p.width), setback + plan.depth_m + 4.f, true);
}

void add_park(Builder& b, const LotContext& c, Random& r, const Plot& p, bool dense) {
  const float depth = 30;
  lawn(b, c, p.width, depth);
  if (!dense || r.chance(0.4f)) add_border(b, c, r, p, r.range(0.2f, 0.8f) * p.width);
  const int trees = dense ? int(p.width * 0.34f) : int(p.width * 0.16f) + 1;
  for (int i = 0; i < trees; ++i) {
    const float x = (float(i) + r.unit()) * p.width / float(trees), z = dense ? r.range(2.f, 12.f) : r.range(3.f, 20.f);
    plant(b, c, r, x, z, true);
  }
  const int bushes = dense ? int(p.width * 0.4f) : int(p.width * 0.12f);
  for (int i = 0; i < bushes; ++i) {
    const float x = r.range(0.f, p.width);
    plant(b, c, r, x, dense ? r.range(0.9f, 6.f) : r.range(1.5f, 16.f), false);
  }
  // A line of trees behind closes the view.
  for (float x = 2; x < p.width; x += 6.5f) {
    const float dx = r.range(-1.5f, 1.5f);
    plant(b, c, r, x + dx, r.range(22.f, 28.f), true);
  }
}

void add_square(Builder& b, const LotContext& c, Random& r, const Plot& p) {
  const float depth = r.range(12.f, 20.f);
  b.with(c.grounds.walk);
  b.quad({0, 0, 0}, {p.width, 0, 0}, {p.width, 0, depth}, {0, 0, depth});
  for (float x = 3; x < p.width - 2; x += 7.f) {
    if (r.chance(0.55f)) plant(b, c, r, x, r.range(2.f, 8.f), true);
    if (!r.chance(0.5f)) continue;
    const float dx = r.range(-2.f, 2.f), z = r.range(2.f, 9.f), heading = r.unit();
    add_person(b.moved({x + dx, 0, z}, heading), c.kit, r.fork(r.bits()));
  }
  if (r.chance(0.6f))
    for (float x = 1; x < p.width; x += 1.6f) add_bollard(b.moved({x, 0, 0.4f}), c.kit, r.fork(31));
  HousePlan plan;
  plan.width_m = p.width;
  plan.storeys = 3 + r.below(3);
  plan.left_free = plan.right_free = true;
  plan.kind = r.chance(0.5f) ? HousePlan::block : HousePlan::terrace;
  const Random own = r.fork(23);
  add_house(b.moved({0, 0, depth}), c.kit, own, plan);
}

void add_walled(Builder& b, const LotContext& c, Random& r, const Plot& p) {
  lawn(b, c, p.width, 24);
  const Random own = r.fork(24);
  const bool fence = r.chance(0.45f);
  if (fence) {
    add_fence(b.moved({0, 0, 0.3f}), c.kit, own, p.width);
  } else {
    add_wall(b.moved({0, 0, 0.3f}), c.kit, own, p.width, r.range(1.6f, 3.2f));
  }
  for (float x = 1; x < p.width; x += r.range(3.f, 6.f)) {
    const bool tree = r.chance(0.55f);
    plant(b, c, r, x, r.range(1.8f, 5.f), tree);
  }
  for (float x = 2; x < p.width; x += 7.f) plant(b, c, r, x, r.range(9.f, 18.f), true);
}

float lot_width(Lot lot, Random& r) {
  switch (lot) {
    case Lot::block: return r.range(16.f, 34.f);
    case Lot::villa: return r.range(11.f, 18.f);
    case Lot::hall: return r.range(22.f, 38.f);
    case Lot::church: return r.range(13.f, 17.f);
    case Lot::park: return r.range(16.f, 40.f);
    case Lot::thicket: return r.range(12.f, 30.f);
    case Lot::square: return r.range(16.f, 28.f);
    case Lot::walled: return r.range(12.f, 30.f);
    case Lot::field: return r.range(20.f, 40.f);
    default: return r.range(7.f, 18.f);
  }
}

bool closes_row(Lot lot) { return lot == Lot::terrace || lot == Lot::block; }

}  // namespace

void add_frontage(Builder& b, const LotContext& c, Random r, const Path& path, float sign, float edge, float s0,
                  float s1) {
  float s = s0;
  int i = 0;
  Lot lot = choose_lot(c.district, r);
  bool first = true;
  while (s < s1 - 2.f) {
    Random own = r.fork(uint32_t(100 + i++));
    float width = lot_width(lot, own);
    if (s + width > s1 - 5.f) width = s1 - s;  // no slivers at a corner
    const Lot following = choose_lot(c.district, r);
    const bool last = s + width > s1 - 0.5f || !closes_row(following);
    // Seen from the street, the front runs to the right: back along the path on its right side.
    const float s_left = sign > 0 ? s + width : s, s_right = sign > 0 ? s : s + width;
    const Frame left = path.at(s_left, sign * edge), right = path.at(s_right, sign * edge);
    Frame f;
    const V3 along = right.origin - left.origin;
    f.right = normalize({along.x, 0, along.z});
    f.forward = cross(f.right, V3{0, 1, 0});
    f.origin = left.origin;
    f.origin.y = least(left.origin.y, right.origin.y) + kKerbHeight;
    const Plot p{length(V3{along.x, 0, along.z}), sign > 0 ? last : first, sign > 0 ? first : last};
    Builder at = b.at(f);
    switch (lot) {
      case Lot::villa: add_villa(at, c, own, p); break;
      case Lot::park: add_park(at, c, own, p, false); break;
      case Lot::thicket: add_park(at, c, own, p, true); break;
      case Lot::square: add_square(at, c, own, p); break;
      case Lot::walled: add_walled(at, c, own, p); break;
      case Lot::field:
        lawn(at, c, p.width, 60);
        for (float x = 2; x < p.width; x += 9.f) plant(at, c, own, x, own.range(25.f, 50.f), true);
        break;
      default: add_house_lot(at, c, own, p, lot);
    }
    first = !closes_row(lot);
    lot = following;
    s += width;
  }
}

void add_backdrop(Builder& b, const LotContext& c, Random r, const Frame& end) {
  for (int i = 0; i < 26; ++i) {
    const float x = (float(i) - 12.5f) * 11.f + r.range(-4.f, 4.f), z = r.range(12.f, 70.f);
    const float w = r.range(6.f, 13.f), d = 10.f, h = r.range(6.f, 17.f), what = r.unit();
    const bool house = what < (c.district == District::downtown    ? 0.6f
                               : c.district == District::outskirts ? 0.15f
                                                                   : 0.35f);
    Builder at = b.at(end.moved({x, -0.5f, z}));
    Random own = r.fork(uint32_t(i));
    if (house) {
      at.with(surface_of(Material::skyline, kBuilding, c.kit.paint(Paint::plaster, own), own));
      at.box({-w, 0, -d}, {w, h, d});
      at.with(surface_of(Material::plain, kBuilding, c.kit.paint(Paint::roof, own), own));
      at.tapered_box({-w, h, -d}, {w, h + 3.f, d}, 0.5f, d * 0.9f);
    } else {
      add_tree(at, c.kit, own, c.trees);
      add_tree(at.moved({4.5f, 0, 3.f}), c.kit, own.fork(2), c.trees);
      add_bush(at.moved({1.f, 0, -4.f}), c.kit, own.fork(3), 3.5f);
    }
  }
}

}  // namespace segue::data::scene
