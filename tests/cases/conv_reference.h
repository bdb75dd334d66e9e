// Convolutions in double precision, by their definition: a sum over all (pixel, tap) pairs that meet.
#pragma once

#include "cases_of.h"
#include "kernels/conv2d.h"

namespace segue::cases {

/// Calls f(x pixel, tap, y pixel) with flat indices, for every pair that meets inside the image.
template <class F>
void for_each_meeting(const Shape& x, const Shape& w, const Shape& y, const Conv2dOptions& o, F&& f) {
  for (int64_t n = 0; n < y[0]; ++n)
    for (int64_t p = 0; p < y[1]; ++p)
      for (int64_t q = 0; q < y[2]; ++q)
        for (int64_t r = 0; r < w[1]; ++r)
          for (int64_t s = 0; s < w[2]; ++s) {
            const int64_t h = p * o.stride - o.pad + r * o.dilation, v = q * o.stride - o.pad + s * o.dilation;
            if (h < 0 || v < 0 || h >= x[1] || v >= x[2]) continue;
            f((n * x[1] + h) * x[2] + v, r * w[2] + s, (n * y[1] + p) * y[2] + q);
          }
}

/// y += conv(x, w)
inline void conv_forward(const Array& x, const Array& w, Array& y, const Conv2dOptions& o) {
  const int64_t channels = x.shape[3], filters = y.shape[3], taps = w.shape[1] * w.shape[2];
  for_each_meeting(x.shape, w.shape, y.shape, o, [&](int64_t from, int64_t tap, int64_t to) {
    for (int64_t k = 0; k < filters; ++k) {
      const double *a = &x.v[size_t(from * channels)], *b = &w.v[size_t((k * taps + tap) * channels)];
      double sum = 0;
      for (int64_t c = 0; c < channels; ++c) sum += a[c] * b[c];
      y[to * filters + k] += sum;
    }
  });
}

/// dx += the gradient of the images
inline void conv_input_gradient(const Array& dy, const Array& w, Array& dx, const Conv2dOptions& o) {
  const int64_t channels = dx.shape[3], filters = dy.shape[3], taps = w.shape[1] * w.shape[2];
  for_each_meeting(dx.shape, w.shape, dy.shape, o, [&](int64_t to, int64_t tap, int64_t from) {
    for (int64_t k = 0; k < filters; ++k) {
      const double g = dy[from * filters + k], *b = &w.v[size_t((k * taps + tap) * channels)];
      for (int64_t c = 0; c < channels; ++c) dx[to * channels + c] += g * b[c];
    }
  });
}

/// dw += the gradient of the filters
inline void conv_filter_gradient(const Array& x, const Array& dy, Array& dw, const Conv2dOptions& o) {
  const int64_t channels = x.shape[3], filters = dy.shape[3], taps = dw.shape[1] * dw.shape[2];
  for_each_meeting(x.shape, dw.shape, dy.shape, o, [&](int64_t from, int64_t tap, int64_t at) {
    for (int64_t k = 0; k < filters; ++k) {
      const double g = dy[at * filters + k], *a = &x.v[size_t(from * channels)];
      for (int64_t c = 0; c < channels; ++c) dw[(k * taps + tap) * channels + c] += g * a[c];
    }
  });
}

inline void add_bias(const Array& bias, Array& y) {
  for (int64_t i = 0; i < y.count(); ++i) y[i] += bias[i % bias.count()];
}

inline Array bias_gradient(const Array& dy) {
  Array db(Shape{dy.shape.channels()});
  for (int64_t i = 0; i < dy.count(); ++i) db[i % db.count()] += dy[i];
  return db;
}

}  // namespace segue::cases
