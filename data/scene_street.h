// The course of a street, what lies across it, and its ground.
#pragma once

#include "scene.h"
#include "scene_parts.h"

namespace segue::data::scene {

/// The axis of a street: straight pieces and arcs, with gentle slopes.
class Path {
 public:
  struct Bend {
    float from_m = 0, curve_per_m = 0;  ///< 1 / radius, positive to the right, from here on
  };
  /// Starts at `origin` (s = 0), heading along its forward axis, from s = `back_m` (negative) to `length_m`.
  Path(const Frame& origin, float back_m, float length_m, const Bend* bends, int count, float slope,
       float slope_from_m);
  /// On the axis at `s`, moved `u` to the right; forward is along the street. Level: up is up.
  Frame at(float s, float u = 0) const;
  float begin() const { return begin_; }
  float end() const { return end_; }

 private:
  float begin_, end_;
  std::vector<Frame> steps_;  // every metre
};

/// One side of a street, from the axis outwards, in metres.
struct StreetSide {
  float lanes = 3.2f;  ///< width of all lanes
  float parking = 0;   ///< on the road, beside the kerb
  float verge = 0;     ///< grass between kerb and walk
  float walk = 2.5f;
  float road() const { return lanes + parking; }
  float edge() const { return road() + verge + walk; }
};

/// Across a street; kept in order [left, right].
struct StreetPlan {
  StreetSide side[2];
  float median = 0;  ///< a planted strip in the middle; the lanes begin beyond its half
  float lane = 3.2f;
  bool paved_walk = true;
};

constexpr float kKerbHeight = 0.13f;

/// Surfaces that all streets of a scene share.
struct Grounds {
  Surface road, walk, kerb, grass;
};
Grounds choose_grounds(const Kit& kit, Random& r);

/// A strip of ground along the path from s0 to s1 between u0 and u1, `height_m` above the road; u, v are metres across and
/// along.
void add_strip(Builder& b, const Path& path, float s0, float s1, float u0, float u1, float height_m);

/// Road, kerbs, verges, walks and median from s0 to s1; `paint` indexes Scene::paints.
void add_street_ground(Builder& b, const Path& path, const StreetPlan& plan, const Grounds& grounds, float s0, float s1,
                       int paint, bool crossing);

/// Lines of a street: edges, lanes, axis.
StreetPaint lane_paint(const StreetPlan& plan, Random& r);

}  // namespace segue::data::scene
