// Small street scenes of rectangles, in Cityscapes' layout, for tests of the program.
#pragma once

#include <filesystem>
#include <string>

#include "data/png_file.h"

namespace segue::testing {

/// Sky over a building over a road with a car, in Cityscapes' ids. Scenes of another `look` have the same shapes in other colours: a
/// domain of its own.
inline void write_scene(const std::string& root, const std::string& split, int64_t i, int look = 0, int64_t height = 72,
                        int64_t width = 100) {
  namespace fs = std::filesystem;
  data::Image image(height, width, 3), label(height, width, 1);
  const uint8_t ids[] = {23, 11, 7, 26};
  const uint8_t colors[2][4][3] = {{{90, 150, 220}, {120, 90, 70}, {90, 90, 95}, {200, 40, 60}},
                                   {{180, 190, 200}, {90, 100, 60}, {60, 50, 50}, {60, 90, 190}}};
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x) {
      int k = y < height / 4 + 2 * i ? 0 : y < height * 3 / 5 ? 1 : 2;
      if (y > height / 2 && y < height * 3 / 4 && x > 10 * i && x < 10 * i + 30) k = 3;
      label.row(y)[x] = ids[k];
      for (int64_t c = 0; c < 3; ++c)
        image.row(y)[3 * x + c] = uint8_t(colors[look][k][c] + (x * 7 + y * 13 + i * 5) % 24);
    }
  const std::string name = "town/town_00000" + std::to_string(i) + "_000019_";
  for (const char* folder : {"/leftImg8bit/", "/gtFine/"}) fs::create_directories(root + folder + split + "/town");
  data::write_png(root + "/leftImg8bit/" + split + "/" + name + "leftImg8bit.png", image.view());
  data::write_png(root + "/gtFine/" + split + "/" + name + "gtFine_labelIds.png", label.view());
}

}  // namespace segue::testing
