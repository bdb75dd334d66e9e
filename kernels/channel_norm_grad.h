// Gradients of batch norm and instance norm on the CPU.
#pragma once

#include "channel_norm.h"

namespace segue::kernels {

/// Operands of a gradient. Where the activation bends is read off `y`, or if that is null, off norm(x), which must then
/// be all that the activation saw. `masked` (null: not wanted) takes the gradient behind the activation, the
/// residual's.
struct NormGradOperands {
  const float *dy, *x, *y;
  float *dx, *masked;
  float slope;
};

/// Calls f(gradient), gradient(e, i) = the gradient behind the activation at element e, place i of a row.
template <int K, class F>
[[gnu::always_inline]] inline void with_masked(const NormGradOperands& o, const CoefficientRows<K>& k, int64_t group,
                                               F&& f) {
  const float *mean = k.row(group, 0), *scale = k.row(group, 1), *offset = k.row(group, 2);
  const float *dy = o.dy, *x = o.x, *y = o.y;
  with_activation(o.slope, [&](auto act) {
    if (y) {
      f([=](int64_t e, int64_t) { return act.gradient(dy[e], y[e]); });
    } else {
      f([=](int64_t e, int64_t i) { return act.gradient(dy[e], (x[e] - mean[i]) * scale[i] + offset[i]); });
    }
  });
}

/// The first pass: for every block, rows of sum(g) and sum(g (x - mean)), g = gradient behind the activation, into
/// memory of moments_doubles(blocks); writes `masked`.
template <int K>
void sum_norm_grad(const ChannelBlocks& blocks, const CoefficientRows<K>& k, const NormGradOperands& o,
                   double* memory) {
  const int64_t width = blocks.rows.width;
  blocks.each([&, width](int64_t block, int64_t group, int64_t begin, int64_t end) {
    double* sums = memory + block * 2 * width;
    std::fill_n(sums, 2 * width, 0.0);
    const float *mean = k.row(group, 0), *x = o.x;
    float* masked = o.masked;
    with_masked(o, k, group, [=](auto gradient) {
      if (masked) {
        add_rows<2>(begin, end, width, sums, [=](int64_t e, int64_t i) {
          const float g = gradient(e, i);
          masked[e] = g;
          return std::array{g, g * (x[e] - mean[i])};
        });
      } else {
        add_rows<2>(begin, end, width, sums, [=](int64_t e, int64_t i) {
          const float g = gradient(e, i);
          return std::array{g, g * (x[e] - mean[i])};
        });
      }
    });
  });
}

/// Sums of one channel, with the rest of its mean put right, and the two coefficients that follow from them.
struct NormGradSums {
  double g, g_centered;  ///< sum(g), sum(g (x - mean))

  NormGradSums(double g, double gx, float rest) : g(g), g_centered(gx - double(rest) * g) {}
  void complete(NormCoefficients& a, float rstd, float rest, int64_t pixels) const {
    const double slope = double(rstd) * double(rstd) * g_centered / double(pixels);
    a.slope = float(slope);
    a.dy_mean = float(g / double(pixels) - double(rest) * slope);
  }
};

/// The second pass: dx, from the last block to the first.
inline void apply_norm_grad(const ChannelBlocks& blocks, const CoefficientRows<5>& k,
                            const NormGradOperands& operands) {
  NormGradOperands o = operands;
  if (o.masked) {
    o.dy = o.masked;
    o.slope = 1;
  }
  blocks.each_backwards([&, width = blocks.rows.width](int64_t, int64_t group, int64_t begin, int64_t end) {
    const float *mean = k.row(group, 0), *scale = k.row(group, 1), *dy_mean = k.row(group, 3), *slope = k.row(group, 4);
    const float* x = o.x;
    float* dx = o.dx;
    with_masked(o, k, group, [=](auto gradient) {
      map_rows(begin, end, width, [=](int64_t e, int64_t i) {
        dx[e] = scale[i] * ((gradient(e, i) - dy_mean[i]) - (x[e] - mean[i]) * slope[i]);
      });
    });
  });
}

}  // namespace segue::kernels
