// Transforms of F(2x2, 3x3) and F(3x3, 2x2) over the points 0, 1, -1 and infinity, a vector of channels at a time.
#pragma once

#include "conv_tile.h"

namespace segue::kernels::conv::SEGUE_CONV_ISA {

constexpr int64_t kPoints = 16;

/// Applies `line`, from From vectors to To, to the columns and then to the rows of a From x From block.
template <int From, int To, class F>
inline void both_ways(const Vec (&in)[From][From], Vec (&out)[To][To], F&& line) {
  Vec half[From][To];
  for (int i = 0; i < From; ++i) line(in[i], half[i]);
  for (int j = 0; j < To; ++j) {
    Vec column[From], result[To];
    for (int i = 0; i < From; ++i) column[i] = half[i][j];
    line(column, result);
    for (int i = 0; i < To; ++i) out[i][j] = result[i];
  }
}

/// Four pixels of the image to the four points.
struct ImageLine {
  void operator()(const Vec (&d)[4], Vec (&t)[4]) const {
    t[0] = d[0] - d[2], t[1] = d[1] + d[2], t[2] = d[2] - d[1], t[3] = d[3] - d[1];
  }
};
/// Three taps to the points, and back from the points to two results.
struct FilterLine {
  void operator()(const Vec (&g)[3], Vec (&t)[4]) const {
    const Vec even = 0.5f * (g[0] + g[2]), odd = 0.5f * g[1];
    t[0] = g[0], t[1] = even + odd, t[2] = even - odd, t[3] = g[2];
  }
};
struct ResultLine {
  void operator()(const Vec (&m)[4], Vec (&y)[2]) const { y[0] = m[0] + m[1] + m[2], y[1] = m[1] - m[2] + m[3]; }
};
/// Two gradients to the points, and back from the points to three taps.
struct GradientLine {
  void operator()(const Vec (&g)[2], Vec (&t)[4]) const {
    t[0] = g[0], t[1] = 0.5f * (g[0] + g[1]), t[2] = 0.5f * (g[0] - g[1]), t[3] = g[1];
  }
};
struct TapLine {
  void operator()(const Vec (&m)[4], Vec (&w)[3]) const {
    const Vec sum = m[1] + m[2];
    w[0] = m[0] + sum, w[1] = m[1] - m[2], w[2] = sum + m[3];
  }
};

}  // namespace segue::kernels::conv::SEGUE_CONV_ISA
