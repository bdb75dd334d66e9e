// What lies along a street behind its walks: houses, gardens, parks, squares, walls.
#pragma once

#include "scene_street.h"

namespace segue::data::scene {

enum class District : uint8_t { downtown, mixed, residential, avenue, outskirts };

/// What all lots of a scene share.
struct LotContext {
  Kit kit;
  Grounds grounds;
  District district = District::mixed;
  Trees trees;
};

/// Fills one side of a street from s0 to s1. `sign`: +1 right, -1 left; `edge_m` from the axis.
void add_frontage(Builder& b, const LotContext& context, Random r, const Path& path, float sign, float edge_m, float s0,
                  float s1);

/// Houses and trees in the haze at the end of the view.
void add_backdrop(Builder& b, const LotContext& context, Random r, const Frame& end);

}  // namespace segue::data::scene
