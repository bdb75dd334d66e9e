// Who and what is under way or parked on a street.
#pragma once

#include "scene_lots.h"

namespace segue::data::scene {

/// Where things may stand along a street: from `begin_m` to `end_m` but for [gap_from_m, gap_to_m], a crossing.
struct Stretch {
  float begin_m = 0, end_m = 100, gap_from_m = 1e9f, gap_to_m = 1e9f;
  bool in_gap(float s, float margin = 0) const { return s > gap_from_m - margin && s < gap_to_m + margin; }
};

/// Parked cars, vehicles and cyclists in the lanes, a tram on its rails. `own_lane` is the camera's, counted from the axis.
void add_traffic(Builder& b, const LotContext& c, Random r, const Path& path, const StreetPlan& plan,
                 const Stretch& where, int own_lane, bool tram);
/// People, parked bicycles, trees, lamps, signs and posts on the walks.
void add_walks(Builder& b, const LotContext& c, Random r, const Path& path, const StreetPlan& plan,
               const Stretch& where);

}  // namespace segue::data::scene
