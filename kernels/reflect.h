// Borders that reflect an image: shapes, and on the CPU the way row by row, each with the cells that mirror its pixels.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>

#include "view.h"

namespace segue::kernels {

inline Shape padded_shape(const Shape& s, int64_t pad) { return {s[0], s[1] + 2 * pad, s[2] + 2 * pad, s[3]}; }

/// Throws unless the border is one that pixels of the image can fill.
inline void check_pad(const char* where, const char* what, int64_t pad, const Shape& image) {
  require(pad >= 0 && pad < image[1] && pad < image[2], where, "expects 0 <= ", what, " < height and width; got ", what,
          " ", pad, " for an image ", image);
}

/// Positions of the padded axis that hold position i of an axis of `extent`: its own, then up to two that mirror it.
struct Copies {
  std::array<int64_t, 3> at;
  int n = 0;

  Copies(int64_t i, int64_t extent, int64_t pad) {
    at[size_t(n++)] = i + pad;
    if (i > 0 && i <= pad) at[size_t(n++)] = pad - i;
    if (i < extent - 1 && extent - 1 - i <= pad) at[size_t(n++)] = pad + 2 * (extent - 1) - i;
  }
};

/// The rows of images (N,H,W,C), and where they lie in the same images inside a border of `pad` pixels.
struct BorderedRows {
  int64_t rows, height, width, channels, pad;

  BorderedRows(const Shape& s, int64_t pad) : rows(s[0] * s[1]), height(s[1]), width(s[2]), channels(s[3]), pad(pad) {}
  int64_t elements() const { return width * channels; }

  /// Row number `copy` of the padded image that holds row i of all rows.
  template <class T>
  T* padded_row(T* padded, int64_t i, int64_t copy) const {
    return padded + (i / height * (height + 2 * pad) + copy) * (width + 2 * pad) * channels;
  }
  Copies copies(int64_t i) const { return Copies(i % height, height, pad); }
  /// Row i inside the border.
  template <class T>
  T* inner_row(T* padded, int64_t i) const {
    return padded_row(padded, i, i % height + pad) + pad * channels;
  }

  /// Makes the cells that mirror row i, which is in its own place.
  void mirror(float* padded, int64_t i) const {
    const Copies c = copies(i);
    float* own = padded_row(padded, i, c.at[0]);
    const size_t pixel_bytes = size_t(channels) * sizeof(float);
    for (int64_t w = 0; w < pad; ++w) {
      std::memcpy(own + w * channels, own + (2 * pad - w) * channels, pixel_bytes);
      std::memcpy(own + (pad + width + w) * channels, own + (pad + width - 2 - w) * channels, pixel_bytes);
    }
    for (size_t k = 1; k < size_t(c.n); ++k)
      std::memcpy(padded_row(padded, i, c.at[k]), own, size_t(width + 2 * pad) * pixel_bytes);
  }
  /// Makes them zero.
  void clear_mirrors(float* padded, int64_t i) const {
    const Copies c = copies(i);
    float* own = padded_row(padded, i, c.at[0]);
    std::fill_n(own, pad * channels, 0.f);
    std::fill_n(own + (pad + width) * channels, pad * channels, 0.f);
    for (size_t k = 1; k < size_t(c.n); ++k)
      std::fill_n(padded_row(padded, i, c.at[k]), (width + 2 * pad) * channels, 0.f);
  }
  /// to = row i plus the cells that mirror it, in the order of pad_reflect_grad. `to` may be row i inside the border.
  void fold(const float* padded, int64_t i, float* to) const {
    const Copies c = copies(i);
    for (size_t k = 0; k < size_t(c.n); ++k) {
      const float* from = padded_row(padded, i, c.at[k]);
      if (k > 0)
        add(to, from + pad * channels, elements());
      else if (to != from + pad * channels)
        std::memcpy(to, from + pad * channels, size_t(elements()) * sizeof(float));
      for (int64_t w = 0; w < pad; ++w) {  // what the columns at both sides hold is folded back
        add(to + (pad - w) * channels, from + w * channels, channels);
        add(to + (width - 2 - w) * channels, from + (pad + width + w) * channels, channels);
      }
    }
  }

 private:
  static void add(float* to, const float* from, int64_t n) {
    for (int64_t i = 0; i < n; ++i) to[i] += from[i];
  }
};

}  // namespace segue::kernels
