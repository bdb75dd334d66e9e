#include "resize.h"

#include <algorithm>
#include <cstring>

#include "filter_taps.h"
#include "kernels/error.h"

namespace segue::data {
namespace {

constexpr int64_t kMostPx = int64_t(1) << 20;
constexpr int kLineBits = 8;     // fraction bits of a line between the two passes
constexpr int64_t kStrip = 128;  // bytes of a line that are summed at once

void check(const char* where, const ImageView& in, int64_t height, int64_t width, const Window& w) {
  const auto fits = [](int64_t n) { return n >= 1 && n <= kMostPx; };
  require(in && fits(in.height) && fits(in.width) && fits(height) && fits(width), where,
          "expects images of 1 to 2^20 px a side; got ", in.height, "x", in.width, " to ", height, "x", width);
  require(w.height >= 1 && w.width >= 1 && w.top >= 0 && w.left >= 0 && w.top <= height - w.height &&
              w.left <= width - w.width,
          where, "expects a crop inside ", height, "x", width, "; got ", w.height, "x", w.width, " at ", w.top, ",",
          w.left);
}

// A weighted sum of rows: line = sum over t of weights[t] * row t, kLineBits bits of fraction. `n` is a multiple of kStrip
// or what is left of the row.
template <int64_t kCount>
void sum_rows(const uint8_t* from, int64_t pitch, const int32_t* weights, int64_t taps, int64_t n, uint16_t* to) {
  const int64_t count = kCount ? kCount : n;
  int32_t sum[kStrip];
  for (int64_t i = 0; i < count; ++i) sum[i] = 1 << (kWeightBits - kLineBits - 1);
  for (int64_t t = 0; t < taps; ++t, from += pitch) {
    const int32_t w = weights[t];
    for (int64_t i = 0; i < count; ++i) sum[i] += w * from[i];
  }
  for (int64_t i = 0; i < count; ++i) to[i] = uint16_t(sum[i] >> (kWeightBits - kLineBits));
}

typedef uint16_t Quad16 __attribute__((vector_size(8), aligned(2), may_alias));
typedef int32_t Quad __attribute__((vector_size(16)));

constexpr int32_t kHalf = 1 << (kWeightBits + kLineBits - 1);

// One output row of three channels. Four lanes are read and summed, the fourth is not used: `line` has room for one more.
void sum_columns3(const uint16_t* line, const FilterTaps& taps, int64_t count, uint8_t* to) {
  const int32_t* weights = taps.weights.data();
  const int32_t first = taps.begin[0];
  for (int64_t i = 0; i < count; ++i, weights += taps.width, to += 3) {
    const uint16_t* p = line + (taps.begin[size_t(i)] - first) * 3;
    Quad sum = {kHalf, kHalf, kHalf, kHalf};
    for (int64_t t = 0; t < taps.width; ++t, p += 3)
      sum += __builtin_convertvector(*reinterpret_cast<const Quad16*>(p), Quad) * weights[t];
    sum >>= kWeightBits + kLineBits;
    to[0] = uint8_t(sum[0]), to[1] = uint8_t(sum[1]), to[2] = uint8_t(sum[2]);
  }
}

void sum_columns1(const uint16_t* line, const FilterTaps& taps, int64_t count, uint8_t* to) {
  const int32_t* weights = taps.weights.data();
  const int32_t first = taps.begin[0];
  for (int64_t i = 0; i < count; ++i, weights += taps.width) {
    const uint16_t* p = line + (taps.begin[size_t(i)] - first);
    int32_t sum = kHalf;
    for (int64_t t = 0; t < taps.width; ++t) sum += weights[t] * p[t];
    to[i] = uint8_t(sum >> (kWeightBits + kLineBits));
  }
}

}  // namespace

// Down first: whole lines are summed with full vectors, and only the rows that are left are summed across.
void Resizer::filter(const ImageView& in, int64_t rows, int64_t columns, uint8_t* to, int64_t pitch) {
  const int64_t c = in.channels, first = columns_.begin[0];
  const int64_t last = std::min(in.width, int64_t(columns_.begin[size_t(columns - 1)]) + columns_.width);
  const int64_t n = (last - first) * c;
  // Taps of weight 0 may stand for px beyond the line.
  line_.assign(size_t((last - first + columns_.width) * c + 1), 0);
  for (int64_t y = 0; y < rows; ++y) {
    const int32_t* weights = &rows_.weights[size_t(y * rows_.width)];
    int64_t taps = std::min(rows_.width, in.height - rows_.begin[size_t(y)]);
    while (taps > 1 && weights[taps - 1] == 0) --taps;
    const uint8_t* from = in.row(rows_.begin[size_t(y)]) + first * c;
    int64_t i = 0;
    for (; i + kStrip <= n; i += kStrip)
      sum_rows<kStrip>(from + i, in.width * c, weights, taps, kStrip, line_.data() + i);
    sum_rows<0>(from + i, in.width * c, weights, taps, n - i, line_.data() + i);
    (c == 3 ? sum_columns3 : sum_columns1)(line_.data(), columns_, columns, to + y * pitch);
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
      if (table) map_bytes(to, *table, to, crop.width);
    } else if (table) {
      map_bytes(row + crop.left, *table, to, crop.width);
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
void map_bytes(const uint8_t* from, const LabelTable& table, uint8_t* to, int64_t n) {
  typedef uint8_t Bytes __attribute__((vector_size(16)));
  Bytes parts[16];
  int part_of[16], used = 0;
  const uint8_t rest = table[255];
  for (int k = 0; k < 16; ++k) {
    const uint8_t* part = table.data() + 16 * k;
    if (std::all_of(part, part + 16, [&](uint8_t v) { return v == rest; })) continue;
    std::memcpy(&parts[used], part, 16);
    part_of[used++] = k;
  }
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    Bytes v, y = Bytes{} + rest;
    std::memcpy(&v, from + i, 16);
    const Bytes high = v >> 4, low = v & 15;
    for (int k = 0; k < used; ++k) {
      const Bytes here = Bytes(high == uint8_t(part_of[k]));
      y = (__builtin_shuffle(parts[k], low) & here) | (y & ~here);
    }
    std::memcpy(to + i, &y, 16);
  }
  for (; i < n; ++i) to[i] = table[from[i]];
}

}  // namespace segue::data
