// Label images and logits made by formula, and what they mean.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "data/class_table.h"
#include "data/image.h"
#include "tests/model_steps.h"

namespace segue::testing {

/// Numbers in [0, below), the same in every run.
class Numbers {
 public:
  explicit Numbers(const std::string& name) : key_(formula_key(name)) {}
  uint32_t next(uint32_t below) {
    const float v = formula_value(key_, i_++);
    return std::min(below - 1, uint32_t((v + 1) / 2 * float(below)));
  }

 private:
  uint32_t key_, i_ = 0;
};

/// Patches of ids, most of them of a few.
inline data::Image patches(Numbers& n, int64_t height, int64_t width, const std::vector<uint8_t>& ids) {
  data::Image image(height, width, 1);
  for (uint8_t& px : image.px) px = ids[n.next(uint32_t(ids.size()))];
  for (int k = 0; k < 12; ++k) {
    const uint8_t id = ids[n.next(uint32_t(ids.size()))];
    const int64_t top = n.next(uint32_t(height)), left = n.next(uint32_t(width));
    for (int64_t y = top; y < std::min(height, top + 9); ++y)
      for (int64_t x = left; x < std::min(width, left + 13); ++x) image.row(y)[x] = id;
  }
  return image;
}

/// Bilinear, align_corners false, in float64; and the largest class.
inline data::Image largest(const std::vector<float>& logits, int64_t h, int64_t w, int64_t classes, int64_t height,
                           int64_t width) {
  data::Image out(height, width, 1);
  const auto place = [](int64_t i, int64_t in, int64_t full) {
    return std::max(0.0, (double(i) + 0.5) * double(in) / double(full) - 0.5);
  };
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x) {
      const double sy = place(y, h, height), sx = place(x, w, width);
      const int64_t y0 = int64_t(sy), x0 = int64_t(sx), y1 = std::min(y0 + 1, h - 1), x1 = std::min(x0 + 1, w - 1);
      double best = -INFINITY;
      for (int64_t k = 0; k < classes; ++k) {
        const auto at = [&](int64_t r, int64_t c) { return double(logits[size_t((r * w + c) * classes + k)]); };
        const double fy = sy - double(y0), fx = sx - double(x0);
        const double v =
            (1 - fy) * ((1 - fx) * at(y0, x0) + fx * at(y0, x1)) + fy * ((1 - fx) * at(y1, x0) + fx * at(y1, x1));
        if (v > best) best = v, out.row(y)[x] = uint8_t(k);
      }
    }
  return out;
}

inline data::LabelTable identity(int64_t classes) {
  data::LabelTable t;
  t.fill(data::kIgnore);
  for (int64_t k = 0; k < classes; ++k) t[size_t(k)] = uint8_t(k);
  return t;
}

}  // namespace segue::testing
