// Colours by style: the same choice `t` in both styles names the same thing in another paint.
#pragma once

#include "scene_math.h"
#include "scene_renderer.h"

namespace segue::data::scene {

enum class Paint : uint8_t {
  plaster,
  brick,
  stone,
  modern,
  trim,
  roof,
  shop,
  door,
  asphalt,
  paving,
  kerb,
  grass,
  soil,
  leaf,
  needle,
  bark,
  car,
  cargo,
  bus,
  tram,
  shirt,
  trousers,
  skin,
  hair,
  fence,
  wall,
  metal,
  kCount
};

/// The colour at `t` in [0, 1) of a style's list; neighbouring t within one entry differ in lightness.
Color paint(SceneStyle style, Paint of, float t);

}  // namespace segue::data::scene
