// Where the sun does not reach, and how much of the sky is hidden, from depth seen out of parallel directions.
#pragma once

#include <cstddef>

#include "render_look.h"
#include "render_raster.h"

namespace segue::data::scene {

/// Depth of a scene seen from infinitely far along `towards`, over a square about `center`.
class ParallelDepth {
 public:
  /// A point on the map: samples from the left and the top, and how near to the light.
  struct Spot {
    float x, y, depth;
  };

  ParallelDepth(const Mesh& mesh, V3 towards, V3 center, float radius_m, int samples, bool with_holes);
  Spot spot(V3 p) const;
  /// Whether the map knows the spot's surroundings.
  bool holds(const Spot& s) const { return s.x > edge_ && s.y > edge_ && s.x < far_edge_ && s.y < far_edge_; }
  /// Share of light from `towards` that reaches a spot it holds, the mean of four neighbouring samples.
  float lit(const Spot& s, float bias_m) const;
  /// Share of the surroundings of a spot it holds over which something lies nearer to the light; nearby places weigh more.
  float covered(const Spot& s) const;
  float sample_m() const { return 1.f / projection_.scale; }

 private:
  struct Tap {
    ptrdiff_t offset;
    float weight;
  };

  Projection projection_;
  Visibility depth_;
  float edge_, far_edge_;
  std::vector<Tap> ring_;
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
  static ParallelDepth from_above(const Scene& scene, int samples);

  std::vector<ParallelDepth> sun_;  // from near to far
  ParallelDepth sky_;
};

}  // namespace segue::data::scene
