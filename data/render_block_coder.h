// The loss of a block coder: 8x8 cosine transform, quantised as by JPEG, and back.
#pragma once

#include <vector>

namespace segue::data::scene {

/// Planes in [0, 1], (height, width), in place. `quality` 1 .. 100 scales the tables of ITU-T T.81, annex K, as libjpeg
/// does. Colour is kept at full resolution; blocks at the right and lower border repeat their last pixels.
void code_blocks(std::vector<float>& red, std::vector<float>& green, std::vector<float>& blue, int width, int height,
                 int quality);

}  // namespace segue::data::scene
