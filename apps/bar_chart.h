// A picture of numbers: one bar each, with its name and value.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "data/image.h"

namespace segue {

struct Bar {
  std::string name, value;  ///< as they are written beside the bar
  double length = 0;        ///< in units of the longest
  std::array<uint8_t, 3> rgb = {};
};

/// Draws text in capitals, 5x7 dots of `scale` px a letter and one dot between letters, its upper left corner at (y, x) of
/// an RGB image. What is no letter, digit or common sign becomes a box; what lies outside is cut off.
void draw_text(data::Image& image, const std::string& text, int64_t y, int64_t x, int scale,
               std::array<uint8_t, 3> rgb);
/// Width of such text, px.
int64_t text_width(const std::string& text, int scale);

/// The bars below each other, under a title; (H,W,3) RGB on white.
data::Image draw_bar_chart(const std::string& title, const std::vector<Bar>& bars);

}  // namespace segue
