// From a scene to light on a lattice of pixels.
#pragma once

#include "render_look.h"

namespace segue::data::scene {

/// Linear light, (height, width).
struct Picture {
  int width = 0, height = 0;
  std::vector<Color> light;
  std::vector<uint8_t> label;   ///< of what lies behind the pixel's centre
  std::vector<float> distance;  ///< metres along the view; 0: sky
};

/// Draws the scene in the light of `look`; with a null look, every surface in label_color and without filtering.
Picture draw(const Scene& scene, const Look* look, int width, int height);

/// A colour for each label, all different.
Color label_color(uint8_t label);

}  // namespace segue::data::scene
