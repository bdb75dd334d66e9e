#include "scene_renderer.h"

#include "crown_outline.h"
#include "kernels/error.h"
#include "render_camera.h"
#include "render_picture.h"

namespace segue::data {

void render_scene(const SceneOptions& o, Image& rgb, Image& label) {
  for (const int64_t side : {o.width, o.height})
    require(side >= kSceneLeastSide && side <= kSceneMostSide, "render_scene", "expects a width and a height of ",
            kSceneLeastSide, " to ", kSceneMostSide, "; got ", o.width, 'x', o.height);
  const scene::Scene scene = scene::lay_out_scene(o);
  const bool flat = o.style == SceneStyle::flat;
  const scene::Look look = flat ? scene::Look{} : scene::choose_look(scene, o.style, o.seed, o.index);
  scene::Picture picture = scene::draw(scene, flat ? nullptr : &look, int(o.width), int(o.height));
  // Gaps of up to a 32nd of the picture.
  if (o.outline_trees) scene::outline_crowns(picture, std::max(1, int(o.width / 64)));
  rgb = scene::develop(picture, look, flat, o.seed, o.index);
  label = Image(o.height, o.width, 1);
  label.px = picture.label;
}

}  // namespace segue::data
