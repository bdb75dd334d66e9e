#include <algorithm>
#include <cstdio>

#include "kernels/error.h"
#include "sections.h"

namespace segue::report {

std::vector<ClassLook> classes_of(const RunData& run) {
  std::vector<ClassLook> all;
  // Every score lists all classes in the order of train ids.
  if (const std::vector<NamedScore> scores = scores_of(run); !scores.empty())
    for (const auto& [name, iou] : scores[0].score->iou) all.push_back({name, {}});
  const auto take = [&](const RunFiles& files) {
    for (const Example& e : files.examples)
      for (const auto& [id, rgb] : e.colors)
        if (id < all.size()) all[id].rgb = rgb;
  };
  take(run.files);
  for (const Stage& s : run.stages) take(s.files);
  return all;
}

std::string swatch(const std::optional<std::array<uint8_t, 3>>& rgb) {
  if (!rgb) return "";
  char color[8];
  std::snprintf(color, sizeof color, "#%02x%02x%02x", (*rgb)[0], (*rgb)[1], (*rgb)[2]);
  return cat(
      "<svg class=\"swatch\" viewBox=\"0 0 12 12\" aria-hidden=\"true\"><rect width=\"12\" height=\"12\" rx=\"3\" ",
      "fill=\"", color, "\"/></svg>");
}

}  // namespace segue::report
