// What a surface looks like at a point, before light falls on it.
#pragma once

#include "render_look.h"

namespace segue::data::scene {

struct Texel {
  Color color;      ///< share of light given back
  float gloss = 0;  ///< share mirrored when seen straight on
  Color glow;       ///< light of its own
  float shade = 1;  ///< of all light: recesses and creases
};

/// Where a point lies and how coarsely it is seen.
struct SurfacePoint {
  float u = 0, v = 0;
  float fine = 0, coarse = 0;  ///< metres between samples: across the view, and along the slanted surface
  bool back = false;           ///< seen from behind
};

/// Ground: road with its paint, asphalt, paving, grass.
Texel ground_texel(const Surface& s, const SurfacePoint& at, const Look& look, const std::vector<StreetPaint>& paints);
/// Walls of houses.
Texel facade_texel(const Surface& s, const SurfacePoint& at, const Look& look);
/// All else.
Texel object_texel(const Surface& s, const SurfacePoint& at, const Look& look);

/// Shared between them.
Texel brick_texel(const Surface& s, const SurfacePoint& at, const Look& look);
/// 1 for detail of size `size` metres that can be seen, 0 where it is finer than the samples.
SEGUE_SCENE_MATH float visible(float size, float footprint) { return unit(1.6f - footprint / size); }

}  // namespace segue::data::scene
