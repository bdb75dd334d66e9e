// From light to 8-bit pixels: a plain tone curve for `render`, a lens, a sensor and a coder for `camera`.
#pragma once

#include "image.h"
#include "render_picture.h"

namespace segue::data::scene {

/// (height,width,3). `flat`: light as it is.
Image develop(const Picture& picture, const Look& look, bool flat, uint64_t seed, uint32_t index);

}  // namespace segue::data::scene
