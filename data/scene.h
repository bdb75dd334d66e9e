// A whole scene: what stands where, from where it is seen, and how the sun falls.
#pragma once

#include <vector>

#include "scene_mesh.h"
#include "scene_renderer.h"

namespace segue::data::scene {

/// A painted line along a street.
struct LaneLine {
  float at = 0, width = 0.12f;    ///< metres from the street's axis
  float period = 0, painted = 1;  ///< dashes: every `period` m, this part of it; 0: unbroken
  bool yellow = false;
  float from = -1e9f, to = 1e9f;  ///< along the street
};
/// A painted field across lanes.
struct CrossMark {
  enum Kind : uint8_t { zebra, stop, arrow, studs } kind = stop;
  float from = 0, to = 0;     ///< along the street
  float left = 0, right = 0;  ///< across
};
/// What is painted on one street, and how it has worn.
struct StreetPaint {
  std::vector<LaneLine> lines;
  std::vector<CrossMark> marks;
  float lane_width = 3.2f, first_lane = 0;  ///< wheel tracks repeat from there
  float tram_rails = 0;                     ///< metres from the axis of the pair's middle; 0: none
};

struct Camera {
  V3 position, right, up, forward;
  float focal = 1.1f;  ///< in image widths
};

struct Scene {
  Mesh mesh;
  std::vector<StreetPaint> paints;  ///< road surfaces name theirs by p[0]
  Camera camera;
  V3 to_sun;
  bool mirrored = false;  ///< traffic keeps to the left
};

/// Lays out a scene. The style changes paints only; geometry and random choices are the same.
Scene lay_out_scene(const SceneOptions& options);

}  // namespace segue::data::scene
