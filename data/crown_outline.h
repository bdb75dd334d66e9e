// Labels of trees as people draw them.
#pragma once

#include "render_picture.h"

namespace segue::data::scene {

/// Gives vegetation's label to what shows through it: to pixels which lie behind it and within `radius` px of it on opposite sides
/// (a morphological closing with a square, Serra 1982). People who label outline a crown; they do not cut out the sky
/// between its branches.
void outline_crowns(Picture& picture, int radius);

}  // namespace segue::data::scene
