// Houses: walls with windows, roofs, gables, balconies, chimneys.
#include "scene_parts.h"

namespace segue::data::scene {
namespace {

struct Walls {
  Surface front, side;
  float storey, height;
};

/// Windows in even bays over the width of a wall.
void fit_windows(Surface& s, float width, float bay_m, float window, float height) {
  const int bays = int(most(1.f, width / bay_m + 0.5f));
  s.p[1] = width / float(bays);
  s.p[2] = least(window, s.p[1] * 0.82f);
  s.p[3] = height;
}

Walls choose_walls(const Kit& kit, Random& r, const HousePlan& plan) {
  Walls w;
  const bool modern = plan.kind == HousePlan::block || plan.kind == HousePlan::hall;
  const bool curtain = modern && r.chance(0.35f);
  w.storey = modern ? r.range(3.1f, 3.6f) : plan.kind == HousePlan::villa ? r.range(2.6f, 2.9f) : r.range(2.8f, 3.5f);
  if (plan.kind == HousePlan::hall) w.storey = r.range(4.2f, 5.5f);
  if (plan.kind == HousePlan::church) w.storey = 9.f;
  uint32_t seed = r.bits();
  const bool brick = r.chance(plan.kind == HousePlan::church ? 0.4f : 0.33f);
  seed = (seed & ~3u) | (brick ? 2u : modern ? 3u : r.chance(0.25f) ? 3u : 0u);
  if (plan.kind == HousePlan::villa || plan.kind == HousePlan::church) seed = seed | 12u;  // no shops
  if (plan.kind == HousePlan::church) seed = (seed & ~0x1f00u & ~3u) | (brick ? 2u : 3u);
  const Color plaster = kit.paint(Paint::plaster, r), bricks = kit.paint(Paint::brick, r),
              stone = kit.paint(modern ? Paint::modern : Paint::stone, r);
  const Color color = brick ? bricks : (seed & 3u) == 3 ? stone : plaster;
  w.front = surface_of(Material::facade, kBuilding, color, r, kit.paint(Paint::trim, r), w.storey);
  w.front.seed = seed;
  const float tall = curtain ? w.storey * 0.86f : w.storey * r.range(0.44f, 0.60f);
  const float bay = curtain ? r.range(1.4f, 2.2f) : r.range(2.1f, 3.4f),
              window = curtain ? bay * 0.94f : r.range(0.95f, 1.5f);
  fit_windows(w.front, plan.width_m, plan.kind == HousePlan::church ? 4.f : bay,
              plan.kind == HousePlan::church ? 1.4f : window, plan.kind == HousePlan::church ? 6.f : tall);
  w.side = w.front;
  w.side.seed = (seed | 12u) & ~(7u << 16);
  fit_windows(w.side, plan.depth_m, bay * 1.7f, window, tall);
  if (r.chance(plan.kind == HousePlan::villa ? 0.2f : 0.5f)) w.side.p[1] = 0;  // a blind wall
  w.height = w.storey * float(plan.storeys) + (modern ? 0.7f : 0.35f);
  return w;
}

void add_gable_roof(Builder& b, const Kit& kit, Random& r, const HousePlan& plan, const Walls& w, bool ridge_along) {
  const float W = plan.width_m, D = plan.depth_m, h = w.height, over = 0.35f;
  const Surface tiles = surface_of(Material::tiles, kBuilding, kit.paint(Paint::roof, r), r);
  Surface gable = w.front;
  gable.p[1] = 0;
  if (ridge_along) {
    const float rise = D * r.range(0.30f, 0.48f), drop = over * rise / (D * 0.5f);
    b.with(tiles);
    b.quad({-0.1f, h - drop, -over}, {W + 0.1f, h - drop, -over}, {W + 0.1f, h + rise, D * 0.5f},
           {-0.1f, h + rise, D * 0.5f});
    b.quad({W + 0.1f, h - drop, D + over}, {-0.1f, h - drop, D + over}, {-0.1f, h + rise, D * 0.5f},
           {W + 0.1f, h + rise, D * 0.5f});
    b.with(gable);
    b.triangle({0, h, D}, {0, h, 0}, {0, h + rise, D * 0.5f});
    b.triangle({W, h, 0}, {W, h, D}, {W, h + rise, D * 0.5f});
    if (r.chance(0.5f)) {  // dormers
      const int n = int(W / 4.5f);
      Surface face = w.front;
      face.p[0] = 1.7f;
      face.p[1] = 1.5f;
      face.p[2] = 1.0f;
      face.p[3] = 1.1f;
      face.seed = (face.seed | 12u) & ~0xc0u;
      for (int i = 0; i < n; ++i) {
        const float x = (float(i) + 0.5f) * W / float(n), z = D * 0.12f, y = h + rise * 0.24f - 0.2f;
        b.with(face);
        b.quad({x - 0.75f, y, z}, {x + 0.75f, y, z}, {x + 0.75f, y + 1.5f, z}, {x - 0.75f, y + 1.5f, z}, 0, face.p[0]);
        b.with(tiles);
        for (const float s : {-1.f, 1.f})
          b.triangle({x + s * 0.75f, y, z}, {x + s * 0.75f, y + 1.5f, z}, {x + s * 0.75f, y + 1.5f, D * 0.42f});
        b.quad({x - 0.9f, y + 1.5f, z - 0.15f}, {x + 0.9f, y + 1.5f, z - 0.15f}, {x + 0.9f, y + 1.7f, D * 0.45f},
               {x - 0.9f, y + 1.7f, D * 0.45f});
      }
    }
  } else {
    const float rise = W * r.range(0.32f, 0.5f), drop = over * rise / (W * 0.5f);
    b.with(tiles);
    b.quad({-over, h - drop, D}, {-over, h - drop, -0.2f}, {W * 0.5f, h + rise, -0.2f}, {W * 0.5f, h + rise, D});
    b.quad({W + over, h - drop, -0.2f}, {W + over, h - drop, D}, {W * 0.5f, h + rise, D}, {W * 0.5f, h + rise, -0.2f});
    b.with(gable);
    b.triangle({0, h, 0}, {W, h, 0}, {W * 0.5f, h + rise, 0});
    b.triangle({W, h, D}, {0, h, D}, {W * 0.5f, h + rise, D});
    if (rise > 2.2f) {
      Surface attic = w.front;
      attic.p[0] = 1.8f;
      attic.p[1] = 1.5f;
      attic.p[2] = 0.95f;
      attic.p[3] = 1.2f;
      attic.seed = (attic.seed | 12u) & ~0xc0u;
      b.with(attic);
      b.quad({W * 0.5f - 0.75f, h + 0.1f, -0.02f}, {W * 0.5f + 0.75f, h + 0.1f, -0.02f},
             {W * 0.5f + 0.75f, h + 1.7f, -0.02f}, {W * 0.5f - 0.75f, h + 1.7f, -0.02f}, 0, attic.p[0]);
    }
  }
  const int chimneys = r.below(3);
  for (int i = 0; i < chimneys; ++i) {
    const float x = r.range(0.1f, 0.85f) * W, z = D * r.range(0.42f, 0.6f);
    b.with(surface_of(Material::brick, kBuilding, kit.paint(Paint::brick, r), r));
    b.box({x, h, z}, {x + 0.7f, h + plan.depth_m * 0.5f + 0.4f, z + 0.5f});
  }
}

void add_flat_roof(Builder& b, const Kit& kit, Random& r, const HousePlan& plan, const Walls& w) {
  const float W = plan.width_m, D = plan.depth_m, h = w.height;
  b.with(surface_of(Material::plain, kBuilding, w.front.accent * 0.85f, r));
  b.box({-0.08f, h - 0.25f, -0.18f}, {W + 0.08f, h + 0.12f, D}, true);
  if (r.chance(0.4f)) {  // a storey set back
    Surface top = w.front;
    top.seed |= 12u;
    b.with(top);
    const float y1 = h + w.storey;
    b.quad({1.2f, h, 2.2f}, {W - 1.2f, h, 2.2f}, {W - 1.2f, y1, 2.2f}, {1.2f, y1, 2.2f}, 0, w.storey);
    b.quad({1.2f, h, D}, {1.2f, h, 2.2f}, {1.2f, y1, 2.2f}, {1.2f, y1, D}, 0, w.storey);
    b.quad({W - 1.2f, h, 2.2f}, {W - 1.2f, h, D}, {W - 1.2f, y1, D}, {W - 1.2f, y1, 2.2f}, 0, w.storey);
    b.with(surface_of(Material::plain, kBuilding, kit.grey(0.2f), r));
    b.box({1.0f, y1, 2.0f}, {W - 1.0f, y1 + 0.25f, D}, true);
  }
}

void add_mansard(Builder& b, const Kit& kit, Random& r, const HousePlan& plan, const Walls& w) {
  const float W = plan.width_m, D = plan.depth_m, h = w.height, rise = 2.7f, back = 1.1f;
  b.with(surface_of(Material::plain, kBuilding, w.front.accent * 0.9f, r));
  b.box({-0.05f, h - 0.25f, -0.3f}, {W + 0.05f, h + 0.05f, D}, true);
  const Surface tiles = surface_of(Material::tiles, kBuilding, kit.paint(Paint::roof, r), r);
  b.with(tiles);
  b.quad({0, h, -0.1f}, {W, h, -0.1f}, {W, h + rise, back}, {0, h + rise, back});
  b.quad({0, h, D}, {0, h, -0.1f}, {0, h + rise, back}, {0, h + rise, D});
  b.quad({W, h, -0.1f}, {W, h, D}, {W, h + rise, D}, {W, h + rise, back});
  b.quad({0, h + rise, back}, {W, h + rise, back}, {W, h + rise + 1.f, D * 0.5f}, {0, h + rise + 1.f, D * 0.5f});
  Surface face = w.front;
  face.p[0] = 2.0f;
  face.p[1] = 1.4f;
  face.p[2] = 0.95f;
  face.p[3] = 1.4f;
  face.seed = (face.seed | 12u) & ~0xc0u;
  const int n = int(W / w.front.p[1] + 0.5f);
  for (int i = 0; i < n; ++i) {
    const float x = (float(i) + 0.5f) * W / float(n);
    b.with(face);
    b.quad({x - 0.7f, h + 0.25f, -0.05f}, {x + 0.7f, h + 0.25f, -0.05f}, {x + 0.7f, h + 2.1f, -0.05f},
           {x - 0.7f, h + 2.1f, -0.05f}, 0, face.p[0]);
    b.with(tiles);
    b.box({x - 0.8f, h + 2.1f, -0.15f}, {x + 0.8f, h + 2.25f, 1.1f});
    for (const float s : {-1.f, 1.f})
      b.triangle({x + s * 0.7f, h + 0.25f, -0.05f}, {x + s * 0.7f, h + 2.1f, -0.05f}, {x + s * 0.7f, h + 2.1f, back});
  }
}

/// What stands out of the front: balconies, bays, awnings, a ledge above the shops.
void add_relief(Builder& b, const Kit& kit, Random& r, const HousePlan& plan, const Walls& w) {
  const float W = plan.width_m, bay = w.front.p[1];
  const int bays = int(W / bay + 0.5f);
  if (r.chance(0.7f)) {
    b.with(surface_of(Material::plain, kBuilding, w.front.accent, r));
    b.box({0, w.storey - 0.12f, -0.16f}, {W, w.storey + 0.05f, 0}, true);
  }
  const float what = r.unit();
  if (what < 0.22f && plan.storeys > 1) {  // balconies
    const int first = r.below(2), step = 2 + r.below(2);
    Surface rail = surface_of(Material::bars, kBuilding, kit.paint(Paint::metal, r), r, {}, 0.13f, 0.03f, 1.0f);
    const Surface slab = surface_of(Material::plain, kBuilding, w.front.accent * 0.9f, r);
    const bool solid = r.chance(0.4f);
    if (solid) rail = surface_of(Material::plain, kBuilding, mix(w.front.color, w.front.accent, 0.5f), r);
    for (int s = 1; s < plan.storeys; ++s)
      for (int i = first; i < bays; i += step) {
        const float x0 = float(i) * bay + 0.15f, x1 = x0 + bay - 0.3f, y = float(s) * w.storey + 0.05f, z = -1.15f;
        b.with(slab);
        b.box({x0, y - 0.12f, z}, {x1, y + 0.06f, 0}, true);
        b.with(rail);
        b.quad_uv({x0, y, z}, {x1, y, z}, {x1, y + 1.f, z}, {x0, y + 1.f, z}, 0, 0, x1 - x0, 1);
        b.quad_uv({x0, y, 0}, {x0, y, z}, {x0, y + 1.f, z}, {x0, y + 1.f, 0}, 0, 0, 1.15f, 1);
        b.quad_uv({x1, y, z}, {x1, y, 0}, {x1, y + 1.f, 0}, {x1, y + 1.f, z}, 0, 0, 1.15f, 1);
      }
  } else if (what < 0.40f && plan.storeys > 1 && bays > 2) {  // a bay of windows standing out
    const int i = 1 + r.below(bays - 2);
    Surface front = w.front;
    front.seed |= 12u;
    const float x0 = float(i) * bay, y0 = w.storey, y1 = w.height - 0.4f, z = -0.8f;
    front.p[1] = bay;
    b.with(front);
    b.quad({x0, y0, z}, {x0 + bay, y0, z}, {x0 + bay, y1, z}, {x0, y1, z}, 0, w.storey);
    Surface cheek = front;
    cheek.p[1] = 0;
    b.with(cheek);
    b.quad({x0, y0, 0}, {x0, y0, z}, {x0, y1, z}, {x0, y1, 0});
    b.quad({x0 + bay, y0, z}, {x0 + bay, y0, 0}, {x0 + bay, y1, 0}, {x0 + bay, y1, z});
    b.with(surface_of(Material::plain, kBuilding, w.front.accent * 0.85f, r));
    b.box({x0 - 0.1f, y1, z - 0.1f}, {x0 + bay + 0.1f, y1 + 0.2f, 0}, true);
    b.box({x0, y0 - 0.15f, z}, {x0 + bay, y0, 0}, true);
  }
  const bool shops = (w.front.seed >> 2 & 3) < 2;
  if (shops && r.chance(0.55f)) {  // awnings
    const float y = w.storey * 0.80f;
    for (int i = 0; i < bays; ++i)
      if (r.chance(0.4f)) {
        const Color c = kit.paint(Paint::shop, r);
        b.with(surface_of(Material::planks, kBuilding, c, r, {}, 0.4f));
        const float x0 = float(i) * bay + 0.1f, x1 = x0 + bay - 0.2f;
        b.quad({x0, y - 0.55f, -1.1f}, {x1, y - 0.55f, -1.1f}, {x1, y, -0.02f}, {x0, y, -0.02f});
        b.quad({x0, y - 0.75f, -1.1f}, {x1, y - 0.75f, -1.1f}, {x1, y - 0.55f, -1.1f}, {x0, y - 0.55f, -1.1f});
      }
  }
  if (shops && r.chance(0.3f)) {  // a sign that hangs out over the walk
    Surface board = surface_of(Material::sign, kBuilding, kit.paint(Paint::shop, r), r, {}, 8);
    const float x = r.range(0.1f, 0.9f) * W, y = w.storey * 0.9f;
    b.with(board);
    b.quad_uv({x, y, -0.15f}, {x, y, -0.95f}, {x, y + 0.8f, -0.95f}, {x, y + 0.8f, -0.15f}, -1, -1, 1, 1);
  }
  // Rain pipes.
  b.with(surface_of(Material::plain, kBuilding, kit.paint(Paint::metal, r), r));
  if (r.chance(0.6f)) b.tube({0.12f, 0, -0.07f}, {0.12f, w.height, -0.07f}, 0.05f, 0.05f, 5);
}

void add_tower(Builder& b, const Kit& kit, Random& r, const Walls& w, float width) {
  const float h = w.height * r.range(1.7f, 2.4f), x = width * 0.5f, q = 2.6f;
  Surface stone = w.front;
  stone.p[1] = q;
  stone.p[2] = 0.9f;
  stone.p[0] = 5.5f;
  stone.p[3] = 2.4f;
  b.with(stone);
  b.quad({x - q, 0, -1.5f}, {x + q, 0, -1.5f}, {x + q, h, -1.5f}, {x - q, h, -1.5f});
  b.quad({x - q, 0, 2 * q - 1.5f}, {x - q, 0, -1.5f}, {x - q, h, -1.5f}, {x - q, h, 2 * q - 1.5f});
  b.quad({x + q, 0, -1.5f}, {x + q, 0, 2 * q - 1.5f}, {x + q, h, 2 * q - 1.5f}, {x + q, h, -1.5f});
  b.with(surface_of(Material::tiles, kBuilding, kit.paint(Paint::roof, r), r));
  b.tapered_box({x - q - 0.2f, h, -1.7f}, {x + q + 0.2f, h + r.range(3.f, 9.f), 2 * q - 1.3f}, q + 0.15f, q + 0.15f);
}

}  // namespace

void add_house(Builder b, const Kit& kit, Random r, const HousePlan& plan) {
  const Walls w = choose_walls(kit, r, plan);
  const float W = plan.width_m, D = plan.depth_m, h = w.height;
  b.with(w.front);
  b.quad({0, 0, 0}, {W, 0, 0}, {W, h, 0}, {0, h, 0});
  b.with(w.side);
  if (plan.left_free) b.quad({0, 0, D}, {0, 0, 0}, {0, h, 0}, {0, h, D});
  if (plan.right_free) b.quad({W, 0, 0}, {W, 0, D}, {W, h, D}, {W, h, 0});
  // The back is seen by the sun alone.
  Surface back = w.side;
  back.p[1] = 0;
  b.with(back);
  b.quad({W, 0, D}, {0, 0, D}, {0, h, D}, {W, h, D});
  if (!plan.left_free) b.quad({0, h * 0.3f, D}, {0, h * 0.3f, 0}, {0, h, 0}, {0, h, D});
  if (!plan.right_free) b.quad({W, h * 0.3f, 0}, {W, h * 0.3f, D}, {W, h, D}, {W, h, 0});
  const float roof = r.unit();
  if (plan.kind == HousePlan::church) {
    add_gable_roof(b, kit, r, plan, w, false);
    add_tower(b, kit, r, w, W);
  } else if (plan.kind == HousePlan::block || plan.kind == HousePlan::hall || roof < 0.2f) {
    add_flat_roof(b, kit, r, plan, w);
  } else if (plan.kind == HousePlan::terrace && roof < 0.4f) {
    add_mansard(b, kit, r, plan, w);
  } else {
    add_gable_roof(b, kit, r, plan, w, plan.kind == HousePlan::terrace ? roof < 0.85f : roof < 0.6f);
  }
  if (kit.distance(b.frame()) < 90.f && plan.kind != HousePlan::church) add_relief(b, kit, r, plan, w);
}

}  // namespace segue::data::scene
