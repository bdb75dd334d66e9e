#include "crown_outline.h"

#include <algorithm>
#include <limits>

#include "scene_surface.h"

namespace segue::data::scene {
namespace {

constexpr float kNowhere = std::numeric_limits<float>::max();

/// Best value, by `better`, within `radius` px along each axis in turn: a square. Outside the picture there is nothing.
template <class Better>
void spread(std::vector<float>& values, int width, int height, int radius, Better better) {
  std::vector<float> line(size_t(std::max(width, height)));
  const auto along = [&](size_t begin, size_t stride, int count) {
    for (int i = 0; i < count; ++i) line[size_t(i)] = values[begin + size_t(i) * stride];
    for (int i = 0; i < count; ++i) {
      float best = line[size_t(i)];
      for (int k = std::max(0, i - radius); k <= std::min(count - 1, i + radius); ++k)
        best = better(best, line[size_t(k)]);
      values[begin + size_t(i) * stride] = best;
    }
  };
  for (int y = 0; y < height; ++y) along(size_t(y) * size_t(width), 1, width);
  for (int x = 0; x < width; ++x) along(size_t(x), size_t(width), height);
}

}  // namespace

void outline_crowns(Picture& p, int radius) {
  // Distance of the nearest vegetation around a pixel; after the second pass, of that which is around all its neighbours.
  std::vector<float> nearest(p.label.size());
  for (size_t i = 0; i < nearest.size(); ++i) nearest[i] = p.label[i] == kVegetation ? p.distance[i] : kNowhere;
  spread(nearest, p.width, p.height, radius, [](float a, float b) { return std::min(a, b); });
  spread(nearest, p.width, p.height, radius, [](float a, float b) { return std::max(a, b); });
  for (size_t i = 0; i < nearest.size(); ++i)
    if (nearest[i] < kNowhere && (p.label[i] == kSky || p.distance[i] > nearest[i])) p.label[i] = kVegetation;
}

}  // namespace segue::data::scene
