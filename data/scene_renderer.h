// Street scenes seen from a car, with exact labels: the simulator that segue brings along.
#pragma once

#include <cstdint>

#include "image.h"

namespace segue::data {

/// Two looks of the same scenes.
enum class SceneStyle : uint8_t {
  render,  ///< clean and saturated, as a game draws it
  camera,  ///< other textures and paints, weather, haze, exposure, lens, sensor noise, block coding
  flat     ///< every surface in one colour of its label, no light: shows the geometry alone
};

/// Names one picture. (seed, index) chooses the scene, bare_trees its season, trees which of them stand; the style only its appearance, so
/// labels are equal in all styles.
struct SceneOptions {
  uint64_t seed = 0;
  uint32_t index = 0;
  int64_t width = 512, height = 256;  ///< kSceneLeastSide to kSceneMostSide each
  SceneStyle style = SceneStyle::render;
  float trees = 1;             ///< share of the trees that stand, 0 to 1; a row of like ones counts as one
  float bare_trees = 0.22f;    ///< share of the scenes in which trees have no leaves; 0 to 1
  bool outline_trees = false;  ///< what shows through a crown has its label, as in labels that people draw
};

constexpr int64_t kSceneLeastSide = 16, kSceneMostSide = 4096;

/// Changes whenever pictures change.
constexpr int kSceneVersion = 1;

/// Draws a scene: `rgb` becomes (height,width,3), `label` (height,width,1) in ids of Cityscapes' label files, that of what
/// lies exactly behind the pixel's centre; see outline_trees. Bits depend on the options alone, not on machine, compiler flags or threads.
/// Throws invalid_argument for a size outside the limits.
void render_scene(const SceneOptions& options, Image& rgb, Image& label);

}  // namespace segue::data
