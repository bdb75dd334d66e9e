// Borders that reflect an image, in double precision.
#pragma once

#include "cases_of.h"

namespace segue::cases {

inline Shape padded(const Shape& s, int64_t pad) { return {s[0], s[1] + 2 * pad, s[2] + 2 * pad, s[3]}; }

/// Calls f(n, i, j, h, w): pixel (i,j) of the padded image is pixel (h,w) of the image.
template <class F>
void for_each_padded_pixel(const Shape& shape, int64_t pad, F f) {
  const auto mirrored = [pad](int64_t i, int64_t extent) {
    i -= pad;
    if (i < 0) i = -i;
    return i >= extent ? 2 * extent - 2 - i : i;
  };
  for (int64_t n = 0; n < shape[0]; ++n)
    for (int64_t i = 0; i < shape[1] + 2 * pad; ++i)
      for (int64_t j = 0; j < shape[2] + 2 * pad; ++j) f(n, i, j, mirrored(i, shape[1]), mirrored(j, shape[2]));
}

inline Array reflected(const Array& x, int64_t pad) {
  Array y(padded(x.shape, pad));
  for_each_padded_pixel(x.shape, pad, [&](int64_t n, int64_t i, int64_t j, int64_t h, int64_t w) {
    for (int64_t c = 0; c < x.shape[3]; ++c) y.at(n, i, j, c) = x.at(n, h, w, c);
  });
  return y;
}

/// The transpose: each pixel is the sum of its copies.
inline Array folded(const Array& dy, const Shape& shape, int64_t pad) {
  Array dx(shape);
  for_each_padded_pixel(shape, pad, [&](int64_t n, int64_t i, int64_t j, int64_t h, int64_t w) {
    for (int64_t c = 0; c < shape[3]; ++c) dx.at(n, h, w, c) += dy.at(n, i, j, c);
  });
  return dx;
}

/// Without the border, and with one of zeros.
inline Array inner(const Array& y, const Shape& shape, int64_t pad) {
  Array x(shape);
  for (int64_t i = 0; i < x.count(); ++i) {
    const int64_t c = i % shape[3], w = i / shape[3] % shape[2], h = i / shape[3] / shape[2] % shape[1];
    x[i] = y.at(i / (shape[1] * shape[2] * shape[3]), h + pad, w + pad, c);
  }
  return x;
}
inline Array with_zero_border(const Array& x, int64_t pad) {
  Array y(padded(x.shape, pad));
  const Shape& s = x.shape;
  for (int64_t i = 0; i < x.count(); ++i)
    y.at(i / (s[1] * s[2] * s[3]), i / s[3] / s[2] % s[1] + pad, i / s[3] % s[2] + pad, i % s[3]) = x[i];
  return y;
}

}  // namespace segue::cases
