// A street, where it leads, and the camera in it.
#include "scene.h"
#include "scene_traffic.h"

namespace segue::data::scene {
namespace {

constexpr uint32_t kLayout = 900;

District choose_district(Random& r) {
  const float t = r.unit();
  return t < 0.40f   ? District::downtown
         : t < 0.70f ? District::mixed
         : t < 0.84f ? District::residential
         : t < 0.94f ? District::avenue
                     : District::outskirts;
}

StreetPlan choose_plan(District d, Random& r) {
  StreetPlan p;
  p.lane = d == District::residential ? r.range(2.7f, 3.1f) : r.range(2.9f, 3.5f);
  const bool wide = d == District::avenue || r.chance(d == District::mixed       ? 0.3f
                                                      : d == District::outskirts ? 0.4f
                                                                                 : 0.15f);
  const bool one_way = !wide && (d == District::downtown || d == District::residential) && r.chance(0.22f);
  const float parking[5] = {0.62f, 0.55f, 0.6f, 0.55f, 0.1f}, verge[5] = {0.02f, 0.22f, 0.3f, 0.4f, 0.7f};
  const float least_walk[5] = {1.6f, 1.6f, 1.3f, 2.2f, 0.f}, most_walk[5] = {4.6f, 3.6f, 2.4f, 5.f, 2.f};
  for (const int k : {0, 1}) {
    StreetSide& s = p.side[k];
    s.lanes = p.lane * (wide ? 2.f : 1.f);
    s.parking = r.chance(parking[int(d)]) ? r.range(2.0f, 2.3f) : 0.f;
    s.verge = r.chance(verge[int(d)]) ? r.range(1.3f, d == District::outskirts ? 5.f : 2.6f) : 0.f;
    s.walk = r.range(least_walk[int(d)], most_walk[int(d)]);
    if (d == District::outskirts && s.walk < 1.f) s.walk = 0.f;
  }
  if (one_way) p.side[0].lanes = 0.6f;
  if (d == District::avenue && r.chance(0.55f)) p.median = r.range(1.8f, 5.f);
  if (d == District::outskirts && wide && r.chance(0.5f)) p.median = r.range(1.5f, 4.f);
  return p;
}

/// Where the street meets another.
struct Junction {
  enum Kind : uint8_t { none, crossing, end } kind = none;
  float at = 0, half = 0;  // metres along; half the width of the other road
};

Junction choose_junction(District d, Random& r) {
  Junction j;
  const float t = r.unit();
  const float at = r.range(16.f, 60.f), end = r.range(28.f, 85.f);
  if (t < (d == District::outskirts ? 0.15f : 0.40f)) {
    j.kind = Junction::crossing;
    j.at = at;
  } else if (t < (d == District::outskirts ? 0.2f : 0.64f)) {
    j.kind = Junction::end;
    j.at = end;
  }
  return j;
}

Camera choose_camera(const Path& path, const StreetPlan& plan, int lane, Random& r) {
  const float u = plan.median * 0.5f + (float(lane) + 0.5f) * plan.lane + 0.2f * r.bell();
  Camera c;
  const float height = r.range(1.15f, 1.5f), yaw = 0.006f * r.bell(), pitch = r.range(0.0005f, 0.0085f),
              roll = 0.0012f * r.bell();
  const Frame f = path.at(0, u).moved({0, height, 0}, yaw).pitched(pitch).rolled(roll);
  c.position = f.origin;
  c.right = f.right;
  c.up = f.up;
  c.forward = f.forward;
  c.focal = r.range(0.92f, 1.22f);
  return c;
}

V3 choose_sun(Random& r) {
  const float turn = r.unit(), height = r.range(0.30f, 0.85f);
  const float flat = std::sqrt(1.f - height * height);
  return {flat * sin_turns(turn), height, flat * cos_turns(turn)};
}

/// Zebras, stop lines and arrows where the street meets another.
void add_junction_paint(StreetPaint& paint, const StreetPlan& plan, const Junction& j, Random& r) {
  const float middle = plan.median * 0.5f, left = -(middle + plan.side[0].road()), right = middle + plan.side[1].road();
  const float near = j.at - j.half;
  const bool zebra = r.chance(0.6f), studs = r.chance(0.35f), arrows = r.chance(0.4f);
  float stop = near - 1.2f;
  if (zebra) {
    const float from = near - 5.2f;
    paint.marks.push_back({studs ? CrossMark::studs : CrossMark::zebra, from, from + 3.2f, left + 0.3f, right - 0.3f});
    if (j.kind == Junction::crossing)
      paint.marks.push_back({studs ? CrossMark::studs : CrossMark::zebra, j.at + j.half + 2.f, j.at + j.half + 5.2f,
                             left + 0.3f, right - 0.3f});
    stop = from - 0.8f;
  }
  if (r.chance(0.8f))
    paint.marks.push_back({CrossMark::stop, stop - 0.4f, stop, middle + 0.1f, middle + plan.side[1].lanes});
  if (arrows)
    for (int lane = 0; float(lane) * plan.lane < plan.side[1].lanes - 1.f; ++lane) {
      const float u = middle + (float(lane) + 0.5f) * plan.lane;
      paint.marks.push_back({CrossMark::arrow, stop - 12.f, stop - 8.f, u - 0.6f, u + 0.6f});
    }
  // No lines across the junction itself.
  std::vector<LaneLine> lines;
  for (LaneLine l : paint.lines) {
    LaneLine beyond = l;
    l.to = stop - 0.5f;
    beyond.from = j.at + j.half + 5.f;
    lines.push_back(l);
    if (j.kind == Junction::crossing) lines.push_back(beyond);
  }
  paint.lines = lines;
}

struct Layout {
  Scene& scene;
  Builder world;
  LotContext context;
  Random random;

  void add_other_street(const Path& main, const StreetPlan& plan, const Junction& j, const StreetPlan& other,
                        const Grounds& grounds);
};

void Layout::add_other_street(const Path& main, const StreetPlan& plan, const Junction& j, const StreetPlan& other,
                              const Grounds& grounds) {
  Random r = random.fork(40);
  StreetPaint lines = lane_paint(other, r);
  const int paint = int(scene.paints.size());
  scene.paints.push_back(lines);
  const float reach = 75;
  const Path path(main.at(j.at).moved({}, 0.25f), -reach, reach, nullptr, 0, 0, 0);
  const float middle = plan.median * 0.5f;
  const float near_edge[2] = {middle + plan.side[0].edge(), middle + plan.side[1].edge()};
  const float road_edge[2] = {middle + plan.side[0].road(), middle + plan.side[1].road()};
  if (j.kind == Junction::end) {
    // Across the end: the far side goes through.
    add_street_ground(world, path, other, grounds, -reach, -near_edge[0], paint, false);
    add_street_ground(world, path, other, grounds, near_edge[1], reach, paint, false);
    Surface road = grounds.road;
    road.p[0] = float(paint);
    world.with(road);
    add_strip(world, path, -near_edge[0], near_edge[1], -other.side[0].road(), other.side[1].road(), 0);
    world.with(grounds.kerb);
    const float e = other.side[0].road();
    add_strip(world, path, -near_edge[0], near_edge[1], -e - 0.16f, -e, kKerbHeight);
    world.with(grounds.walk);
    add_strip(world, path, -near_edge[0], near_edge[1], -other.side[0].edge(), -e - 0.16f, kKerbHeight);
  } else {
    for (const int k : {0, 1}) {
      const float s0 = k == 0 ? -reach : near_edge[1], s1 = k == 0 ? -near_edge[0] : reach;
      add_street_ground(world, path, other, grounds, s0, s1, paint, false);
      const float a = k == 0 ? -near_edge[0] : road_edge[1], b = k == 0 ? -road_edge[0] : near_edge[1];
      add_street_ground(world, path, other, grounds, a, b, paint, true);
    }
  }
  // Its far side looks at the camera; its near side is hidden behind the houses at the corners.
  const float far_edge = other.side[0].edge();
  const float corner = j.kind == Junction::end ? 0.f : 13.f;
  if (j.kind == Junction::end) {
    add_frontage(world, context, random.fork(41), path, -1, far_edge, -reach, reach);
  } else {
    add_frontage(world, context, random.fork(42), path, -1, far_edge, -reach, -near_edge[0] - corner);
    add_frontage(world, context, random.fork(43), path, -1, far_edge, near_edge[1] + corner, reach);
  }
  add_frontage(world, context, random.fork(44), path, 1, other.side[1].edge(), near_edge[1] + 13.f, reach);
  add_frontage(world, context, random.fork(45), path, 1, other.side[1].edge(), -reach, -near_edge[0] - 13.f);
  for (const int k : {0, 1}) {
    Stretch where;
    where.begin_m = k == 0 ? -reach : near_edge[1] + 3.f;
    where.end_m = k == 0 ? -near_edge[0] - 3.f : reach;
    if (k == 0) continue;
    add_traffic(world, context, random.fork(46), path, other, where, -1, false);
    add_walks(world, context, random.fork(48), path, other, where);
  }
  // The same to the left, where the path is told from the other end.
  const Path back(main.at(j.at).moved({}, -0.25f), -reach, reach, nullptr, 0, 0, 0);
  StreetPlan turned = other;
  turned.side[0] = other.side[1];
  turned.side[1] = other.side[0];
  Stretch where;
  where.begin_m = near_edge[0] + 3.f;
  where.end_m = reach;
  add_traffic(world, context, random.fork(50), back, turned, where, -1, false);
  add_walks(world, context, random.fork(51), back, turned, where);
}

}  // namespace

Scene lay_out_scene(const SceneOptions& options) {
  Scene scene;
  Random r(options.seed, options.index, kLayout);
  const District district = choose_district(r);
  StreetPlan plan = choose_plan(district, r);
  Random junction_random = r.fork(1);
  Junction j = choose_junction(district, junction_random);
  StreetPlan other = choose_plan(district == District::avenue ? District::mixed : district, junction_random);
  other.median = 0;
  j.half = other.side[1].road();

  // The course: straight before a junction, else perhaps bent, perhaps sloping.
  Random course = r.fork(2);
  Path::Bend bends[2];
  int bend_count = 0;
  float slope = 0, slope_from = 0;
  const float bend_side = course.chance(0.5f) ? 1.f : -1.f;
  const float radius = course.range(70.f, 420.f), bend_from = course.range(8.f, 70.f),
              bend_to = bend_from + course.range(25.f, 90.f);
  const bool bent = course.chance(0.55f), sloping = course.chance(0.4f);
  const float rise = course.range(-0.03f, 0.045f);
  const float length_m = j.kind == Junction::end ? j.at : course.range(130.f, 200.f);
  if (bent && j.kind == Junction::none) {
    bends[0] = {bend_from, bend_side / radius};
    bends[1] = {bend_to, course.chance(0.4f) ? -bend_side / radius : 0.f};
    bend_count = 2;
  }
  if (sloping && j.kind == Junction::none) {
    slope = rise;
    slope_from = course.range(5.f, 50.f);
  }
  const Path path(Frame{}, -24, length_m, bends, bend_count, slope, slope_from);

  Layout layout{scene, Builder(scene.mesh, Frame{}), {}, r};
  LotContext& context = layout.context;
  context.kit.style = options.style;
  context.district = district;
  Random ground_random = r.fork(3);
  context.grounds = choose_grounds(context.kit, ground_random);
  const Grounds& grounds = context.grounds;
  Random season = r.fork(4);
  context.trees = {.bare = season.chance(options.bare_trees), .share = options.trees};

  Random camera_random = r.fork(5);
  const int lanes = int(plan.side[1].lanes / plan.lane + 0.5f), lane = camera_random.below(lanes);
  scene.camera = choose_camera(path, plan, lane, camera_random);
  context.kit.eye = scene.camera.position;
  context.kit.ahead = normalize({scene.camera.forward.x, 0, scene.camera.forward.z});
  Random sun_random = r.fork(6);
  scene.to_sun = choose_sun(sun_random);
  scene.mirrored = sun_random.chance(0.3f);
  const bool tram = (district == District::downtown || district == District::avenue) && sun_random.chance(0.19f) &&
                    plan.side[0].lanes > 2.f;

  Random paint_random = r.fork(7);
  StreetPaint paint = lane_paint(plan, paint_random);
  if (j.kind != Junction::none) add_junction_paint(paint, plan, j, paint_random);
  if (tram) paint.tram_rails = plan.median * 0.5f + plan.lane * 0.5f;
  scene.paints.push_back(paint);

  const float middle = plan.median * 0.5f;
  Builder& world = layout.world;
  // Whatever lies between and behind: grass, or the stone of a town.
  const bool green = district == District::residential || district == District::outskirts;
  world.with(green ? grounds.grass : grounds.walk);
  add_strip(world, path, -24, length_m + 60.f, -70, 70, -0.12f);
  {
    Surface far = grounds.grass;
    world.with(far);
    world.quad({-400, -7.f, -20}, {400, -7.f, -20}, {400, -7.f, 700}, {-400, -7.f, 700});
  }

  const float gap0 = j.at - j.half, gap1 = j.at + j.half;
  Stretch where;
  where.begin_m = -20;
  where.end_m = length_m;
  const float walk0 = j.at - other.side[1].edge(), walk1 = j.at + other.side[0].edge();
  if (j.kind == Junction::none) {
    add_street_ground(world, path, plan, grounds, -24, length_m, 0, false);
  } else {
    add_street_ground(world, path, plan, grounds, -24, gap0, 0, false);
    if (j.kind == Junction::crossing) {
      const float far_half = other.side[0].road();
      add_street_ground(world, path, plan, grounds, gap0, j.at + far_half, 0, true);
      add_street_ground(world, path, plan, grounds, j.at + far_half, length_m, 0, false);
      where.gap_from_m = gap0 - 2.f;
      where.gap_to_m = gap1 + 2.f;
    } else {
      where.end_m = gap0 - 3.f;
    }
    layout.add_other_street(path, plan, j, other, grounds);
  }
  for (const int k : {0, 1}) {
    const float sign = k == 0 ? -1.f : 1.f, edge = middle + plan.side[k].edge();
    const Random lots = r.fork(uint32_t(20 + k));
    if (j.kind == Junction::none) {
      add_frontage(world, context, lots, path, sign, edge, -18, length_m);
    } else {
      add_frontage(world, context, lots, path, sign, edge, -18, walk0);
      if (j.kind == Junction::crossing) add_frontage(world, context, lots.fork(1), path, sign, edge, walk1, length_m);
    }
  }
  if (j.kind != Junction::end) add_backdrop(world, context, r.fork(25), path.at(length_m));
  add_traffic(world, context, r.fork(26), path, plan, where, lane, tram);
  add_walks(world, context, r.fork(27), path, plan, where);

  if (j.kind != Junction::none) {  // lights at the corners, people on the crossing
    Random corner = r.fork(28);
    const bool lights = corner.chance(district == District::residential ? 0.35f : 0.8f), mast = corner.chance(0.45f);
    const float stop = gap0 - 1.6f;
    if (lights) {
      const Random same = corner.fork(1);
      add_traffic_light(world.at(path.at(stop, middle + plan.side[1].road() + 0.5f).moved({0, kKerbHeight, 0})),
                        context.kit, same, mast);
      add_traffic_light(world.at(path.at(stop, -(middle + plan.side[0].road() + 0.5f)).moved({0, kKerbHeight, 0})),
                        context.kit, same, false);
      if (j.kind == Junction::crossing)
        add_traffic_light(
            world.at(path.at(gap1 + 1.2f, middle + plan.side[1].road() + 0.5f).moved({0, kKerbHeight, 0})), context.kit,
            same, false);
    } else {
      add_sign_post(world.at(path.at(stop, middle + plan.side[1].road() + 0.5f).moved({0, kKerbHeight, 0})),
                    context.kit, corner.fork(2));
    }
    const int people = corner.below(district == District::downtown ? 6 : 4);
    for (int i = 0; i < people; ++i) {
      const float u = corner.range(-(middle + plan.side[0].edge()), middle + plan.side[1].edge()),
                  z = gap0 - corner.range(2.2f, 5.f);
      const float side = corner.chance(0.5f) ? 0.25f : -0.25f;
      const bool on_walk = u > middle + plan.side[1].road() || u < -(middle + plan.side[0].road());
      add_person(world.at(path.at(z, u).moved({0, on_walk ? kKerbHeight : 0.f, 0}, side)), context.kit,
                 corner.fork(uint32_t(i) + 5));
    }
  }
  return scene;
}

}  // namespace segue::data::scene
