// Transforms of F(2x2, 3x3) and F(3x3, 2x2) over the points 0, 1, -1 and infinity, 8 channels at a time.
#pragma once

#include "conv_tile.h"

namespace segue::kernels::conv {

constexpr int64_t kPoints = 16;

/// Applies `line`, from From vectors to To, to the columns and then to the rows of a From x From block.
template <int From, int To, class F>
inline void both_ways(const v8 (&in)[From][From], v8 (&out)[To][To], F&& line) {
  v8 half[From][To];
  for (int i = 0; i < From; ++i) line(in[i], half[i]);
  for (int j = 0; j < To; ++j) {
    v8 column[From], result[To];
    for (int i = 0; i < From; ++i) column[i] = half[i][j];
    line(column, result);
    for (int i = 0; i < To; ++i) out[i][j] = result[i];
  }
}

/// Four pixels of the image to the four points.
struct ImageLine {
  void operator()(const v8 (&d)[4], v8 (&t)[4]) const {
    t[0] = d[0] - d[2], t[1] = d[1] + d[2], t[2] = d[2] - d[1], t[3] = d[3] - d[1];
  }
};
/// Three taps to the points, and back from the points to two results.
struct FilterLine {
  void operator()(const v8 (&g)[3], v8 (&t)[4]) const {
    const v8 even = 0.5f * (g[0] + g[2]), odd = 0.5f * g[1];
    t[0] = g[0], t[1] = even + odd, t[2] = even - odd, t[3] = g[2];
  }
};
struct ResultLine {
  void operator()(const v8 (&m)[4], v8 (&y)[2]) const { y[0] = m[0] + m[1] + m[2], y[1] = m[1] - m[2] + m[3]; }
};
/// Two gradients to the points, and back from the points to three taps.
struct GradientLine {
  void operator()(const v8 (&g)[2], v8 (&t)[4]) const {
    t[0] = g[0], t[1] = 0.5f * (g[0] + g[1]), t[2] = 0.5f * (g[0] - g[1]), t[3] = g[1];
  }
};
struct TapLine {
  void operator()(const v8 (&m)[4], v8 (&w)[3]) const {
    const v8 sum = m[1] + m[2];
    w[0] = m[0] + sum, w[1] = m[1] - m[2], w[2] = sum + m[3];
  }
};

/// The first `lanes` <= 8 of 8 floats; the others 0.
inline v8 load_lanes(const float* p, int64_t lanes) {
  if (lanes >= 8) return load8(p);
  float t[8] = {};
  for (int64_t i = 0; i < lanes; ++i) t[i] = p[i];
  return load8(t);
}

/// Writes or adds the first `lanes` lanes.
inline void store_lanes(float* p, v8 v, int64_t lanes, Write write) {
  if (lanes >= 8) {
    store8(p, write == Write::add ? v + load8(p) : v);
    return;
  }
  float t[8];
  store8(t, v);
  for (int64_t i = 0; i < lanes; ++i) p[i] = write == Write::add ? p[i] + t[i] : t[i];
}

}  // namespace segue::kernels::conv
