// Weather, light and air of one picture in one style.
#pragma once

#include "scene.h"

namespace segue::data::scene {

struct Look {
  SceneStyle style = SceneStyle::render;
  V3 to_sun;
  Color sun;                       ///< light of the sun on a surface that faces it; black under closed cloud
  Color ambient_up, ambient_down;  ///< light from the sky, and from the ground
  Color zenith, horizon;
  Color cloud_light, cloud_dark;
  float cloud_cover = 0.4f;  ///< 0 clear .. 1 closed
  float cloud_soft = 0.2f;
  float cloud_scale = 1;
  float glare = 0;  ///< light round the sun
  Color haze;
  float haze_per_m = 0;
  float grain = 0.5f;  ///< strength of fine texture
  float dirt = 0;      ///< stains, wear, cracks
  float wet = 0;       ///< gloss of the road
  uint32_t seed = 0;
};

/// Light of the sky along `d`, without haze.
Color sky_light(const Look& look, V3 d);
/// What smooth things mirror: sky above, dim street below.
Color mirrored_light(const Look& look, V3 d);

Look choose_look(const Scene& scene, SceneStyle style, uint64_t seed, uint32_t index);

}  // namespace segue::data::scene
