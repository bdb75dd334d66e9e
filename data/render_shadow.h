// Where the sun does not reach, and how much of the sky is hidden, from depth seen out of parallel directions.
#pragma once

#include "render_look.h"
#include "render_raster.h"

namespace segue::data::scene {

/// Depth of a scene seen from infinitely far along `towards`, over a square about `center`.
class ParallelDepth {
 public:
  ParallelDepth(const Mesh& mesh, V3 towards, V3 center, float radius_m, int samples, bool with_holes);
  /// Share of light from `towards` that reaches `p`, the mean of four neighbouring samples; 1 outside the square.
  float lit(V3 p, float bias_m) const;
  /// Share of the surroundings of `p` over which something lies nearer to the light, nearby places weighing more.
  float covered(V3 p) const;
  bool contains(V3 p) const;
  float sample_m() const { return 1.f / projection_.scale; }

 private:
  Projection projection_;
  Visibility depth_;
};

/// Shadows of the sun, finer near the camera, and the openness of the sky above a point.
class Shadows {
 public:
  Shadows(const Scene& scene, bool sun, int samples);
  /// 0 in shadow .. 1 in the sun.
  float sun_reaches(V3 p, V3 normal) const;
  /// 1 under an open sky, less beside and beneath things.
  float openness(V3 p, V3 normal) const;

 private:
  std::vector<ParallelDepth> sun_;  // from near to far
  std::vector<ParallelDepth> sky_;
  V3 to_sun_;
};

}  // namespace segue::data::scene
