// What batch norm and instance norm share on CUDA: both normalise groups of pixels, channel by channel; batch norm has
// one group, instance norm one per image. The passes are those of channel_norm.h.
#pragma once

#include "channel_norm_places.cuh"
#include "exec.h"

namespace segue::gpu {
inline namespace SEGUE_GPU_BACKEND {

/// Statistics and parameters of the channels, in device memory. mean, rest and spread have a row for each group.
struct NormChannels {
  const float* mean;
  const float* rest;    ///< what rounding left off the mean; null: nothing
  const float* spread;  ///< 1 / deviation, or with eps > 0 the variance
  const float* gamma;   ///< null: 1
  const float* beta;    ///< null: 0
  float eps = 0;
};

/// Of a thread's pack of channels: norm(x) = (x - mean) scale + offset. All 0 in padding lanes, so that these stay 0.
template <int N>
struct NormPack {
  float mean[N], scale[N], offset[N];

  __device__ __forceinline__ NormPack(const NormChannels& c, int64_t group, int channel, int channels) {
    const int left = channels - channel;
    const int64_t at = group * channels + channel;
    // All loads first, so that they are in flight together.
    float gamma[N] = {}, rest[N] = {};
    load_channels(c.mean + at, left, mean);
    load_channels(c.spread + at, left, scale);
    if (c.rest) load_channels(c.rest + at, left, rest);
    if (c.gamma) load_channels(c.gamma + channel, left, gamma);
    if (c.beta) load_channels(c.beta + channel, left, offset);
#pragma unroll
    for (int j = 0; j < N; ++j) {
      if (c.eps > 0.f) scale[j] = j < left ? 1.f / sqrtf(scale[j] + c.eps) : 0.f;
      if (c.gamma) scale[j] *= gamma[j];
      offset[j] = (c.beta ? offset[j] : 0.f) - rest[j] * scale[j];
    }
  }
  __device__ __forceinline__ float norm(float x, int j) const { return (x - mean[j]) * scale[j] + offset[j]; }
};

/// The activation behind a norm, by its slope for negative values, and its gradient where the result is v.
struct NormActivation {
  float slope;
  // With slope 0 an infinite value or gradient must not become a NaN.
  __device__ __forceinline__ float negative(float v) const { return slope == 0.f ? 0.f : slope * v; }
  __device__ __forceinline__ float operator()(float v) const { return v < 0.f ? negative(v) : v; }
  __device__ __forceinline__ float gradient(float dy, float v) const { return v > 0.f ? dy : negative(dy); }
};

// Partial sums of d = x - (first pixel of the group) and of d^2. A thread sums in f32 around its own first pixel: that
// lies no further from its other pixels than these are spread, wherever the mean lies, unless it is an outlier, and
// then its square is most of the variance. What it comes to around the group's first pixel is computed in f64, where
// the difference E[d^2] - E[d]^2 loses at most a factor of the number of pixels.
template <class T, int N>
__global__ void __launch_bounds__(kTileThreads, 4)
    norm_moments_kernel(const T* x, double* partials, const ChannelTiles tiles) {
  const ChannelTile<N> tile(tiles, blockIdx.x);
  float of[3][N] = {};  // first pixel, sum of differences from it, and of their squares
  if (tile.active && tile.row < tile.pixels) {
    LoadedPack<T, N>::at(x + tile.element + int64_t(tile.row) * tiles.pitch).get(of[0]);
  }
  for_tile_pixels<kTileSteps<T>>(
      tile, tiles.pitch, [=](int64_t e) { return LoadedPack<T, N>::at(x + e); },
      [&](int64_t, LoadedPack<T, N> pack) {
        float v[N];
        pack.get(v);
#pragma unroll
        for (int j = 0; j < N; ++j) {
          const float d = v[j] - of[0][j];
          of[1][j] += d;
          of[2][j] += d * d;
        }
      });
  store_partials<2>(tiles, tile, of, partials, [&](int channel) {
    const float first = channel < tiles.channels ? to_float(x[tile.group * tiles.pixels * tiles.pitch + channel]) : 0.f;
    return [first, &tile](int row, const float(&v)[3], double(&sums)[2]) {
      const double shift = double(v[0]) - double(first), moved = tile.pixels_of(row) * shift;
      sums[0] += double(v[1]) + moved;
      sums[1] += double(v[2]) + shift * (2 * double(v[1]) + moved);
    };
  });
}

/// Where statistics go. mean, rest and rstd have a row for each group; running_mean and running_var may be null.
struct NormStatistics {
  float *mean, *rest, *rstd, *running_mean, *running_var;
  float eps, momentum;
};

template <class T>
__global__ void __launch_bounds__(kTileThreads)
    norm_statistics_kernel(const T* x, const double* partials, int64_t width, const ChannelTiles tiles,
                           const NormStatistics to) {
  fold_partials<2>(tiles, width, partials, [&](int64_t group, int channel, const double(&sums)[2]) {
    const double pixels = double(tiles.pixels), d = sums[0] / pixels;
    const double mean = double(to_float(x[group * tiles.pixels * tiles.pitch + channel])) + d;
    const double variance = fmax(0.0, sums[1] / pixels - d * d);
    const int64_t at = group * tiles.channels + channel;
    const float rounded = float(mean);
    to.mean[at] = rounded;
    to.rest[at] = float(mean - double(rounded));
    to.rstd[at] = float(1.0 / sqrt(variance + double(to.eps)));
    if (!to.running_mean) return;
    const double unbiased = tiles.pixels > 1 ? pixels / (pixels - 1) : 1.0;
    to.running_mean[channel] = (1 - to.momentum) * to.running_mean[channel] + to.momentum * rounded;
    to.running_var[channel] = (1 - to.momentum) * to.running_var[channel] + to.momentum * float(variance * unbiased);
  });
}

// y = act(norm(x) + residual), from the last tile to the first: the pass for the moments has left the last pixels in
// the cache.
template <class T, int N, bool kResidual, class Places>
__global__ void __launch_bounds__(kTileThreads, 4)
    norm_apply_kernel(const T* x, const T* residual, T* y, const Places places, const NormChannels channels,
                      const NormActivation act, const ChannelTiles tiles) {
  const ChannelTile<N> tile(tiles, gridDim.x - 1 - blockIdx.x);
  const NormPack<N> pack(channels, tile.group, tile.channel, tiles.channels);
  const typename Places::OfTile place(places, tiles, tile);
  struct Reads {
    LoadedPack<T, N> x, residual;
  };
  for_numbered_tile_pixels<kTileSteps<T>>(
      tile, tiles.pitch,
      [=](int64_t e, int i) {
        Reads r{};
        r.x = LoadedPack<T, N>::at(x + place.x(e, i));
        if constexpr (kResidual) r.residual = LoadedPack<T, N>::at(residual + place.residual(e, i));
        return r;
      },
      [=](int64_t e, int i, Reads r) {
        float v[N], added[N];
        r.x.get(v);
        if constexpr (kResidual) r.residual.get(added);
#pragma unroll
        for (int j = 0; j < N; ++j) v[j] = act(pack.norm(v[j], j) + (kResidual ? added[j] : 0.f));
        const Pack<T, N> result = from_floats<T>(v);
        store(y + place.y(e, i), result);
        place.mirrored_y(i, [=](int64_t mirror) { store(y + mirror, result); });
      });
}

/// Throws unless `v`, an operand like x, lies at the pitch of x, or x has no lanes beyond its channels and v is a slice of
/// another image, of which no lane beyond the slice is touched.
inline void check_slice(const View& v, const char* where, const char* what, const View& x) {
  check_pitched_or_slice(v, where, what, x.dtype, x.shape);
  require(v.lanes == x.lanes, where, "expects ", what, " at the pitch of x, or a slice and x at the pitch of its ",
          x.channels(), " channels; got ", v.lanes, " and ", x.lanes, " lanes");
  require(v.pitch == x.pitch || x.pixels() < (int64_t{1} << 31), where,
          "expects below 2^31 pixels where pitches differ; got ", x.shape);
}
/// The places of y, which is like x but for its pitch.
inline PitchedPlaces pitched_places(const View& x, const View& y) { return {.y_wider = int(y.pitch - x.pitch)}; }

/// Throws unless residual, which may be absent, is like x and y as check_slice has it.
inline void check_images(const char* where, const View& x, const View& residual, const View& y) {
  if (residual) check_like(residual, where, "residual", x, "x");
  check_slice(y, where, "y", x);
  require(y.pitch == x.pitch || !y || (y.data != x.data && y.data != residual.data), where,
          "expects y, which has a pitch of its own, in other memory than x and residual");
}

/// y = act(norm(x) + residual) for images of at least one pixel and channel; `residual` may be absent.
template <class Places>
void norm_apply(const CudaExec& exec, const char* name, int64_t groups, const View& x, const View& residual,
                const View& y, const Places& places, const NormChannels& channels, float slope) {
  dispatch_packs(name, {x, residual, y}, [&](auto zero, auto pack) {
    using T = decltype(zero);
    constexpr int N = pack;
    const ChannelTiles tiles(groups, x.pixels() / groups, x, N, kMapBlocks);
    auto* kernel = norm_apply_kernel<T, N, false, Places>;
    if constexpr (Places::kResiduals)
      if (residual) kernel = norm_apply_kernel<T, N, true, Places>;
    launch(kernel, {.name = name, .grid = tiles.grid(), .block = kTileThreads, .stream = exec.stream}, x.as<T>(),
           residual ? residual.as<T>() : nullptr, y.as<T>(), places, channels, NormActivation{slope}, tiles);
  });
}

/// The same by the statistics of x itself, which it leaves in `to`.
template <class Places>
void norm_forward(const CudaExec& exec, const char* name, int64_t groups, const View& x, const View& residual,
                  const View& y, const Places& places, const NormStatistics& to, const float* gamma, const float* beta,
                  float slope) {
  dispatch_packs(name, {x}, [&](auto zero, auto pack) {
    using T = decltype(zero);
    constexpr int N = pack;
    const ChannelTiles tiles(groups, x.pixels() / groups, x, N, kSumBlocks);
    auto* partials = static_cast<double*>(exec.scratch->get(size_t(tiles.partials(2, N)) * sizeof(double)));
    launch(norm_moments_kernel<T, N>,
           {.name = name, .grid = tiles.grid(), .block = kTileThreads, .stream = exec.stream}, x.as<T>(), partials,
           tiles);
    launch(norm_statistics_kernel<T>,
           {.name = name, .grid = fold_grid(tiles), .block = kTileThreads, .stream = exec.stream}, x.as<T>(), partials,
           tiles.width(N), tiles, to);
  });
  norm_apply(exec, name, groups, x, residual, y, places, {to.mean, to.rest, to.rstd, gamma, beta}, slope);
}

}  // namespace SEGUE_GPU_BACKEND
}  // namespace segue::gpu
