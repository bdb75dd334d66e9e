#include "resize.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "filter_lines.h"
#include "kernels/error.h"

namespace segue::data {
namespace {

constexpr int64_t kMostPx = int64_t(1) << 20;

void check(const char* where, const ImageView& in, int64_t height, int64_t width, const Window& w) {
  const auto fits = [](int64_t n) { return n >= 1 && n <= kMostPx; };
  require(in && fits(in.height) && fits(in.width) && fits(height) && fits(width), where,
          "expects images of 1 to 2^20 px a side; got ", in.height, "x", in.width, " to ", height, "x", width);
  require(w.height >= 1 && w.width >= 1 && w.top >= 0 && w.left >= 0 && w.top <= height - w.height &&
              w.left <= width - w.width,
          where, "expects a crop inside ", height, "x", width, "; got ", w.height, "x", w.width, " at ", w.top, ",",
          w.left);
}

}  // namespace

// Down first: whole lines are summed with full vectors, and only the rows that are left are summed across.
void Resizer::filter(const ImageView& in, int64_t rows, int64_t columns, uint8_t* to, int64_t pitch) {
  const int64_t c = in.channels, first = columns_.begin[0];
  const int64_t last = std::min(in.width, int64_t(columns_.begin[size_t(columns - 1)]) + columns_.width);
  const int64_t n = (last - first) * c;
  line_.assign(size_t(n + columns_.width * c + kLineSlack), 0);  // taps of weight 0 may stand for px beyond the line
  for (int64_t y = 0; y < rows; ++y) {
    const int16_t* const weights = &rows_.weights[size_t(y * rows_.width)];
    const int64_t begin = rows_.begin[size_t(y)];
    int64_t taps = std::min(rows_.width, in.height - begin);
    while (taps > 1 && weights[taps - 1] == 0) --taps;
    sum_rows(in.row(begin) + first * c, in.width * c, weights, taps, n, line_.data());
    sum_columns(line_.data(), columns_, columns, c, to + y * pitch);
  }
}

void Resizer::antialias(const ImageView& in, int64_t height, int64_t width, const Window& crop, uint8_t* to,
                        int64_t pitch) {
  check("resize_antialias", in, height, width, crop);
  require(in.channels == 1 || in.channels == 3, "resize_antialias", "expects 1 or 3 channels; got ", in.channels);
  if (in.height == height && in.width == width) {
    for (int64_t y = 0; y < crop.height; ++y)
      std::memcpy(to + y * pitch, in.row(crop.top + y) + crop.left * in.channels, size_t(crop.width * in.channels));
    return;
  }
  resize_taps(in.height, height, crop.top, crop.height, rows_);
  resize_taps(in.width, width, crop.left, crop.width, columns_);
  filter(in, crop.height, crop.width, to, pitch);
}

void Resizer::blur(const ImageView& in, double sigma, uint8_t* to, int64_t pitch) {
  check("blur", in, in.height, in.width, {.top = 0, .left = 0, .height = in.height, .width = in.width});
  require(in.channels == 1 || in.channels == 3, "blur", "expects 1 or 3 channels; got ", in.channels);
  require(sigma > 0 && sigma <= 64, "blur", "expects a sigma above 0 and at most 64 px; got ", sigma);
  blur_taps(in.height, sigma, rows_);
  blur_taps(in.width, sigma, columns_);
  filter(in, in.height, in.width, to, pitch);
}

void Resizer::nearest(const ImageView& in, int64_t height, int64_t width, const Window& crop, const LabelTable* table,
                      uint8_t* to, int64_t pitch) {
  check("resize_nearest", in, height, width, crop);
  require(in.channels == 1, "resize_nearest", "expects 1 channel; got ", in.channels);
  const auto place = [](int64_t i, int64_t from, int64_t size) { return (2 * i + 1) * from / (2 * size); };
  const bool across = in.width != width;
  if (across) {
    places_.resize(size_t(crop.width));
    for (int64_t x = 0; x < crop.width; ++x) places_[size_t(x)] = int32_t(place(crop.left + x, in.width, width));
  }
  const std::optional<ByteMap> map = table ? std::optional<ByteMap>(*table) : std::nullopt;
  int64_t before = -1;
  for (int64_t y = 0; y < crop.height; ++y, to += pitch) {
    const int64_t source = place(crop.top + y, in.height, height);
    if (source == before) {  // enlarged: the same row again
      std::memcpy(to, to - pitch, size_t(crop.width));
      continue;
    }
    before = source;
    const uint8_t* row = in.row(source);
    if (across) {
      for (int64_t x = 0; x < crop.width; ++x) to[x] = row[places_[size_t(x)]];
      if (map) map->apply(to, to, crop.width);
    } else if (map) {
      map->apply(row + crop.left, to, crop.width);
    } else {
      std::memcpy(to, row + crop.left, size_t(crop.width));
    }
  }
}

Image resize_antialias(const ImageView& in, int64_t height, int64_t width) {
  const Window all{.top = 0, .left = 0, .height = height, .width = width};
  check("resize_antialias", in, height, width, all);
  Image out(height, width, in.channels);
  Resizer().antialias(in, height, width, all, out.px.data(), width * in.channels);
  return out;
}

Image resize_nearest(const ImageView& in, int64_t height, int64_t width) {
  const Window all{.top = 0, .left = 0, .height = height, .width = width};
  check("resize_nearest", in, height, width, all);
  Image out(height, width, in.channels);
  Resizer().nearest(in, height, width, all, nullptr, out.px.data(), width);
  return out;
}

// Bytes are looked up 16 at a time in the 16 parts of the table; parts that hold one value, as those beyond the last id
// do, need no look-up.
ByteMap::ByteMap(const LabelTable& table) : table_(table) {
  for (uint8_t k = 0; k < 16; ++k) {
    const uint8_t* const part = table.data() + 16 * k;
    if (std::any_of(part, part + 16, [&](uint8_t v) { return v != table[255]; })) part_of_[parts_++] = k;
  }
}

void ByteMap::apply(const uint8_t* from, uint8_t* to, int64_t n) const {
  typedef uint8_t Bytes __attribute__((vector_size(16)));
  Bytes parts[16];
  for (int k = 0; k < parts_; ++k) std::memcpy(&parts[k], table_.data() + 16 * part_of_[k], sizeof(Bytes));
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    Bytes v, y = Bytes{} + table_[255];
    std::memcpy(&v, from + i, 16);
    const Bytes high = v >> 4, low = v & 15;
    for (int k = 0; k < parts_; ++k) {
      const Bytes here = Bytes(high == part_of_[k]);
      y = (__builtin_shuffle(parts[k], low) & here) | (y & ~here);
    }
    std::memcpy(to + i, &y, 16);
  }
  for (; i < n; ++i) to[i] = table_[from[i]];
}

}  // namespace segue::data
