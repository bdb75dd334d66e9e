// The things that stand and move in a street. Each is built at the origin of the builder's frame, on the ground, facing
// along +z. Its distance from the camera decides how many triangles it is worth; what neither the camera nor a shadow
// can show is left out.
#pragma once

#include "scene_mesh.h"
#include "scene_palette.h"
#include "scene_random.h"

namespace segue::data::scene {

/// What all builders of one scene share.
struct Kit {
  SceneStyle style = SceneStyle::render;
  V3 eye, ahead = {0, 0, 1};  ///< the camera: where, and its direction on the ground

  Color paint(Paint of, Random& r) const { return scene::paint(style, of, r.unit()); }
  Color grey(float level) const;  ///< the same grey in both styles but for the camera's paler blacks
  float distance(const Frame& f) const { return most(1.f, length(f.origin - eye)); }
  /// True for what lies out of view with all that is within `reach_m` of its origin.
  bool unseen(const Frame& f, float reach_m) const;
  /// `near` sides of something round that stands close to the camera, fewer farther away.
  int sides(const Frame& f, int near) const;
};

/// A surface with what most need.
Surface surface_of(Material material, uint8_t label, Color color, Random& r);
inline Surface surface_of(Material material, uint8_t label, Color color, Random& r, Color accent, float p0 = 0,
                          float p1 = 0, float p2 = 0, float p3 = 0) {
  Surface s = surface_of(material, label, color, r);
  s.accent = accent;
  s.p[0] = p0;
  s.p[1] = p1;
  s.p[2] = p2;
  s.p[3] = p3;
  return s;
}

// Vehicles.
void add_car(Builder b, const Kit& kit, Random r);
void add_truck(Builder b, const Kit& kit, Random r);
void add_bus(Builder b, const Kit& kit, Random r);
void add_tram(Builder b, const Kit& kit, Random r, int wagons);
/// A wheel about `center`, axle along x; `outer` +1 or -1 is the side that shows the rim.
void add_wheel(Builder& b, const Kit& kit, Random& r, V3 center, float radius, float width, float outer, uint8_t label);

// Two wheels.
void add_bicycle(Builder b, const Kit& kit, Random r, bool ridden);
void add_motorcycle(Builder b, const Kit& kit, Random r, bool ridden);

// People.
struct Clothes {
  Color shirt, trousers, shoes, skin, hair;
  bool coat = false, helmet = false, bag = false;
};
Clothes choose_clothes(const Kit& kit, Random& r);
/// Joints in metres; knees and elbows follow.
struct Pose {
  float height = 1.75f;
  V3 pelvis, neck;
  V3 feet[2], hands[2];  ///< left, right
};
void add_figure(Builder& b, const Kit& kit, Random& r, const Clothes& clothes, const Pose& pose, uint8_t label);
void add_person(Builder b, const Kit& kit, Random r);

// Plants.
struct Trees {
  bool bare = false;  ///< without leaves
  float share = 1;    ///< of them that stand
};
/// Or nothing, where `r` says that this one is not among those that stand.
void add_tree(Builder b, const Kit& kit, Random r, const Trees& trees);
void add_bush(Builder b, const Kit& kit, Random r, float size_m);
/// Along +x, `length_m` long.
void add_hedge(Builder b, const Kit& kit, Random r, float length_m, float height_m);

// Furniture of the street.
void add_lamp_post(Builder b, const Kit& kit, Random r);                 ///< its arm reaches along +z
void add_traffic_light(Builder b, const Kit& kit, Random r, bool mast);  ///< seen from -z; a mast reaches along -x
void add_sign_post(Builder b, const Kit& kit, Random r);                 ///< seen from -z
void add_direction_board(Builder b, const Kit& kit, Random r);           ///< seen from -z
void add_bollard(Builder b, const Kit& kit, Random r);
void add_utility_pole(Builder b, const Kit& kit, Random r);
void add_shelter(Builder b, const Kit& kit, Random r);  ///< a bus stop, open towards -z
/// Along +x, `length_m` long, on the line z = 0.
void add_fence(Builder b, const Kit& kit, Random r, float length_m);
void add_wall(Builder b, const Kit& kit, Random r, float length_m, float height_m);

// Houses: along +x from 0 to `width_m`, from z = 0 (the street's side) back to `depth_m`.
struct HousePlan {
  float width_m = 12, depth_m = 11;
  int storeys = 3;
  enum Kind : uint8_t { terrace, block, villa, hall, church } kind = terrace;
  bool left_free = false, right_free = false;  ///< sides that can be seen
};
void add_house(Builder b, const Kit& kit, Random r, const HousePlan& plan);

}  // namespace segue::data::scene
