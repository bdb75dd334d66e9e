// What batch norm and instance norm share on the CPU: both normalise groups of pixels, channel by channel; batch norm
// has one group, instance norm one per image.
#pragma once

#include <cmath>

#include "channel_rows.h"

namespace segue::kernels {

/// Of one channel of a group.
struct Moments {
  double mean = 0, variance = 0;  ///< biased

  /// A mean far from zero, rounded to f32, would shift results by a visible part of a small deviation. So it is kept as
  /// two f32: the mean, and the rest that rounding left off.
  float mean_rounded() const { return float(mean); }
  float mean_rest() const { return float(mean - double(float(mean))); }
  float rstd(float eps) const { return float(1.0 / std::sqrt(variance + double(eps))); }
};

/// Doubles of working memory for channel_moments.
inline int64_t moments_doubles(const ChannelBlocks& b) { return b.blocks() * 2 * b.rows.width; }

/// Means and variances over the pixels of each group, in one pass over x; then, in parallel, f(group, first, n,
/// moments) for runs of n channels.
/// Sums are taken in f64, of the exact differences d from the group's first pixel. If that lies D from the mean, D^2 /
/// M is part of the variance of M pixels: the difference E[d^2] - E[d]^2 loses at most a factor M of f64's precision,
/// wherever the mean lies.
template <class F>
void channel_moments(const ChannelBlocks& blocks, const float* x, double* memory, const F& f) {
  const int64_t width = blocks.rows.width, channels = blocks.rows.channels, pixels = blocks.pixels;
  blocks.each([=](int64_t block, int64_t group, int64_t begin, int64_t end) {
    double* sums = memory + block * 2 * width;
    std::fill_n(sums, 2 * width, 0.0);
    const float* shift = x + group * pixels * channels;
    float tiled[ChannelRows::kMaxTiled];
    if (blocks.rows.repeat > 1) {
      blocks.rows.tile(shift, tiled);
      shift = tiled;
    }
    add_rows<2>(begin, end, width, sums, [=](int64_t e, int64_t i) {
      const double d = double(x[e]) - double(shift[i]);
      return std::array{d, d * d};
    });
  });
  fold_channels<2>(blocks, memory, [&](int64_t group, int64_t first, int64_t n, const auto& sums) {
    std::array<Moments, kChannelRun> moments;
    const float* shift = x + group * pixels * channels + first;
    for (int64_t c = 0; c < n; ++c) {
      const double d = sums[0][size_t(c)] / double(pixels), square = sums[1][size_t(c)] / double(pixels);
      moments[size_t(c)] = {double(shift[c]) + d, std::max(0.0, square - d * d)};
    }
    f(group, first, n, moments);
  });
}

/// What a pass over pixels needs of a channel: norm(x) = (x - mean) scale + offset, and for the gradient
/// dx = scale ((dy - dy_mean) - (x - mean) slope).
struct NormCoefficients {
  float mean, scale, offset, dy_mean = 0, slope = 0;
};
[[gnu::always_inline]] inline NormCoefficients norm_coefficients(float mean, float rest, float rstd, float gamma = 1,
                                                                 float beta = 0) {
  const float scale = gamma * rstd;
  return {mean, scale, beta - rest * scale};
}

/// The coefficients as rows of pixels, K of them for each group: 3 for norm(x), 5 with the gradient.
template <int K>
struct CoefficientRows {
  const ChannelRows rows;
  float* memory;

  static int64_t floats(const ChannelBlocks& b) { return b.groups * K * b.rows.width; }
  const float* row(int64_t group, int k) const { return memory + (group * K + k) * rows.width; }
  void set(int64_t group, int64_t channel, const NormCoefficients& a) const {
    const float values[5] = {a.mean, a.scale, a.offset, a.dy_mean, a.slope};
    for (int k = 0; k < K; ++k)
      for (int64_t r = 0; r < rows.repeat; ++r)
        memory[(group * K + k) * rows.width + r * rows.channels + channel] = values[k];
  }
};

// Activations behind a norm, and their gradients where the result, or what it is made of, is v.
struct Linear {
  float operator()(float v) const { return v; }
  float gradient(float dy, float) const { return dy; }
};
struct Rectifier {
  float operator()(float v) const { return v < 0.f ? 0.f : v; }
  float gradient(float dy, float v) const { return v > 0.f ? dy : 0.f; }
};
struct LeakyRectifier {
  float negative;
  float operator()(float v) const { return v < 0.f ? negative * v : v; }
  float gradient(float dy, float v) const { return v > 0.f ? dy : negative * dy; }
};
/// Calls f with the activation whose slope for negative values this is.
template <class F>
void with_activation(float slope, F&& f) {
  if (slope == 1.f) return f(Linear{});
  if (slope == 0.f) return f(Rectifier{});
  return f(LeakyRectifier{slope});
}

/// y = act(norm(x) + residual); `residual` may be null. Goes from the last block to the first: a pass for the moments
/// has left the last ones in the cache.
template <int K>
void apply_norm(const ChannelBlocks& blocks, const CoefficientRows<K>& k, const float* x, const float* residual,
                float* y, float slope) {
  with_activation(slope, [&](auto act) {
    blocks.each_backwards([=, width = blocks.rows.width](int64_t, int64_t group, int64_t begin, int64_t end) {
      const float *mean = k.row(group, 0), *scale = k.row(group, 1), *offset = k.row(group, 2);
      const auto norm = [=](int64_t e, int64_t i) { return (x[e] - mean[i]) * scale[i] + offset[i]; };
      if (residual) {
        map_rows(begin, end, width, [=](int64_t e, int64_t i) { y[e] = act(norm(e, i) + residual[e]); });
      } else {
        map_rows(begin, end, width, [=](int64_t e, int64_t i) { y[e] = act(norm(e, i)); });
      }
    });
  });
}

}  // namespace segue::kernels
