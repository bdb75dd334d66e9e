// Gradients of batch norm and instance norm on CUDA; the passes are those of channel_norm_grad.h.
#pragma once

#include "channel_norm.cuh"

namespace segue::gpu {
inline namespace SEGUE_GPU_BACKEND {

/// Where the activation of a gradient bends: nowhere, where norm(x) has its zero, or where y has.
enum class Bend { none, of_x, of_y };

/// Operands of a gradient. dx and dresidual may be null, and y unless the bend is read off it.
template <class T>
struct NormGradImages {
  const T *dy, *x, *y;
  T *dx, *dresidual;
  int dy_wider, y_wider;  ///< their pitches less that of x
};

/// What a gradient reads at one place; with kFrozen x only where the bend needs it.
template <class T, int N, Bend kBend, bool kFrozen = false>
struct NormGradReads {
  static constexpr bool kReadsX = !kFrozen || kBend == Bend::of_x;
  LoadedPack<T, N> dy, x, y;

  /// `e`: of x.
  static __device__ __forceinline__ NormGradReads at(const NormGradImages<T>& o, int64_t e, int64_t e_dy, int64_t e_y) {
    NormGradReads r{};
    r.dy = LoadedPack<T, N>::at(o.dy + e_dy);
    if constexpr (kReadsX) r.x = LoadedPack<T, N>::at(o.x + e);
    if constexpr (kBend == Bend::of_y) r.y = LoadedPack<T, N>::at(o.y + e_y);
    return r;
  }
  /// The gradient behind the activation, and x - mean.
  __device__ __forceinline__ void get(const NormPack<N>& pack, NormActivation act, float (&g)[N],
                                      float (&centered)[N]) const {
    float result[N];
    dy.get(g);
    if constexpr (kReadsX) x.get(centered);
    if constexpr (kBend == Bend::of_y) y.get(result);
#pragma unroll
    for (int j = 0; j < N; ++j) {
      if constexpr (kReadsX) centered[j] -= pack.mean[j];
      if constexpr (kBend == Bend::of_x) result[j] = centered[j] * pack.scale[j] + pack.offset[j];
      if constexpr (kBend != Bend::none) g[j] = act.gradient(g[j], result[j]);
    }
  }
};

// Partial sums of g and of g (x - mean), and dresidual = g if kStore.
template <class T, int N, Bend kBend, bool kStore>
__global__ void __launch_bounds__(kTileThreads, 4)
    norm_grad_sums_kernel(const NormGradImages<T> o, double* partials, const NormChannels channels,
                          const NormActivation act, const ChannelTiles tiles) {
  using Reads = NormGradReads<T, N, kBend>;
  const ChannelTile<N> tile(tiles, blockIdx.x);
  const NormPack<N> pack(channels, tile.group, tile.channel, tiles.channels);
  const OtherPitch dy_place(tile, o.dy_wider), y_place(tile, o.y_wider);
  float sums[2][N] = {};
  for_numbered_tile_pixels<kTileSteps<T>>(
      tile, tiles.pitch, [=](int64_t e, int i) { return Reads::at(o, e, dy_place(e, i), y_place(e, i)); },
      [&](int64_t e, int, Reads r) {
        float g[N], centered[N];
        r.get(pack, act, g, centered);
#pragma unroll
        for (int j = 0; j < N; ++j) {
          sums[0][j] += g[j];
          sums[1][j] += g[j] * centered[j];
        }
        if constexpr (kStore) store(o.dresidual + e, from_floats<T>(g));
      });
  store_partials<2>(tiles, tile, sums, partials, [](int) {
    return [](int, const float(&v)[2], double(&to)[2]) {
      to[0] += double(v[0]);
      to[1] += double(v[1]);
    };
  });
}

/// What the sums of a gradient make. dy_mean and slope, rows of `width` floats for each group, are what dx takes off g:
/// g - dy_mean - (x - mean) slope; null with statistics that do not depend on x. dgamma and dbeta may be null.
struct NormGradSums {
  float *dy_mean, *slope, *dgamma, *dbeta;
  bool add_gamma, add_beta;
  int64_t width;
};

__device__ __forceinline__ void put(float* p, double value, bool add) {
  if (p) *p = add ? *p + float(value) : float(value);
}

static __global__ void __launch_bounds__(kTileThreads)
    norm_grad_fold_kernel(const double* partials, int64_t width, const ChannelTiles tiles, const NormChannels channels,
                          const NormGradSums to) {
  fold_partials<2>(tiles, width, partials, [&](int64_t group, int channel, const double(&sums)[2]) {
    const int64_t at = group * tiles.channels + channel;
    const double rest = channels.rest ? double(channels.rest[at]) : 0.0, spread = double(channels.spread[at]);
    const double rstd = channels.eps > 0.f ? 1.0 / sqrt(spread + double(channels.eps)) : spread;
    const double pixels = double(tiles.pixels), g_centered = sums[1] - rest * sums[0];
    if (to.dy_mean) {
      const double slope = rstd * rstd * g_centered / pixels;
      to.slope[group * to.width + channel] = float(slope);
      to.dy_mean[group * to.width + channel] = float(sums[0] / pixels - rest * slope);
    }
    put(to.dgamma ? to.dgamma + channel : nullptr, g_centered * rstd, to.add_gamma);
    put(to.dbeta ? to.dbeta + channel : nullptr, sums[0], to.add_beta);
  });
}

// dx = scale ((g - dy_mean) - (x - mean) slope), or scale g if kFrozen, and dresidual = g if kStore; from the last tile
// to the first.
template <class T, int N, Bend kBend, bool kStore, bool kFrozen>
__global__ void __launch_bounds__(kTileThreads, 4)
    norm_grad_apply_kernel(const NormGradImages<T> o, const NormChannels channels, const NormGradSums sums,
                           const NormActivation act, const ChannelTiles tiles) {
  using Reads = NormGradReads<T, N, kBend, kFrozen>;
  const ChannelTile<N> tile(tiles, gridDim.x - 1 - blockIdx.x);
  float dy_mean[N], slope[N];
  if constexpr (!kFrozen) {
    const int64_t at = tile.group * sums.width + tile.channel;
    load_channels(sums.dy_mean + at, tiles.channels - tile.channel, dy_mean);
    load_channels(sums.slope + at, tiles.channels - tile.channel, slope);
  }
  const NormPack<N> pack(channels, tile.group, tile.channel, tiles.channels);
  const OtherPitch dy_place(tile, o.dy_wider), y_place(tile, o.y_wider);
  for_numbered_tile_pixels<kTileSteps<T>>(
      tile, tiles.pitch, [=](int64_t e, int i) { return Reads::at(o, e, dy_place(e, i), y_place(e, i)); },
      [&](int64_t e, int, Reads r) {
        float g[N], centered[N], v[N];
        r.get(pack, act, g, centered);
#pragma unroll
        for (int j = 0; j < N; ++j) {
          if constexpr (kFrozen)
            v[j] = pack.scale[j] * g[j];
          else
            v[j] = pack.scale[j] * ((g[j] - dy_mean[j]) - centered[j] * slope[j]);
        }
        store(o.dx + e, from_floats<T>(v));
        if constexpr (kStore) store(o.dresidual + e, from_floats<T>(g));
      });
}

/// Throws unless the images of a gradient fit: dx and dresidual like x, dy and y as check_slice has it, and none in the
/// memory of another, but dx or dresidual in that of dy.
inline void check_grad_images(const char* where, const View& dy, const View& x, const View& y, const View& dx,
                              const View& dresidual) {
  check_slice(dy, where, "dy", x);
  if (y) check_slice(y, where, "y", x);
  if (dx) check_like(dx, where, "dx", x, "x");
  if (dresidual) check_like(dresidual, where, "dresidual", x, "x");
  require(!dx || dx.data != dresidual.data, where, "expects dx and dresidual in different memory");
  require(dy.pitch == x.pitch || !dy || (dy.data != dx.data && dy.data != dresidual.data), where,
          "expects dx and dresidual in other memory than dy, which has a pitch of its own");
}

/// A gradient of images of at least one channel, and one pixel unless the statistics are frozen. y, dx and dresidual
/// may be absent, dgamma and dbeta null.
struct NormGrad {
  int64_t groups;
  View dy, x, y, dx, dresidual;
  NormChannels channels;
  float slope;
  float *dgamma = nullptr, *dbeta = nullptr;
  bool add_gamma = false, add_beta = false;
};

/// kFrozen: the statistics do not depend on x.
template <bool kFrozen, class T, int N>
void norm_grad(const CudaExec& exec, const char* name, const NormGrad& grad) {
  const NormActivation act{grad.slope};
  NormGradImages<T> o{grad.dy.as<T>(),
                      grad.x.as<T>(),
                      grad.y ? grad.y.as<T>() : nullptr,
                      grad.dx ? grad.dx.as<T>() : nullptr,
                      grad.dresidual ? grad.dresidual.as<T>() : nullptr,
                      int(grad.dy.pitch - grad.x.pitch),
                      grad.y ? int(grad.y.pitch - grad.x.pitch) : 0};
  Bend bend = grad.slope == 1.f ? Bend::none : o.y ? Bend::of_y : Bend::of_x;
  if (bend == Bend::none && o.dresidual == o.dy) o.dresidual = nullptr;
  const bool sums_wanted = (o.dx && !kFrozen) || grad.dgamma || grad.dbeta;
  // The first pass stores dresidual where the second can read it instead of dy and y: if it is g to the last bit.
  const bool exact = bend == Bend::none || grad.slope == 0.f;
  const bool store_first = o.dresidual && (!o.dx || (sums_wanted && exact));

  const ChannelTiles tiles(grad.groups, grad.x.pixels() / grad.groups, grad.x, N, kSumBlocks);
  const int64_t doubles = tiles.partials(2, N), width = (tiles.channels + 3) / 4 * 4;  // rows for 16-byte loads
  auto* partials = static_cast<double*>(
      exec.scratch->get(size_t(doubles) * sizeof(double) + size_t(2 * grad.groups * width) * sizeof(float)));
  auto* rows = reinterpret_cast<float*>(partials + doubles);
  const NormGradSums sums{kFrozen ? nullptr : rows,
                          kFrozen ? nullptr : rows + grad.groups * width,
                          grad.dgamma,
                          grad.dbeta,
                          grad.add_gamma,
                          grad.add_beta,
                          width};
  if (tiles.chunks > 0 && (sums_wanted || store_first)) {
    const auto kernel = bend == Bend::of_x   ? norm_grad_sums_kernel<T, N, Bend::of_x, false>
                        : bend == Bend::of_y ? (store_first ? norm_grad_sums_kernel<T, N, Bend::of_y, true>
                                                            : norm_grad_sums_kernel<T, N, Bend::of_y, false>)
                                             : (store_first ? norm_grad_sums_kernel<T, N, Bend::none, true>
                                                            : norm_grad_sums_kernel<T, N, Bend::none, false>);
    launch(kernel, {.name = name, .grid = tiles.grid(), .block = kTileThreads, .stream = exec.stream}, o, partials,
           grad.channels, act, tiles);
  }
  if (sums_wanted)
    launch(norm_grad_fold_kernel,
           {.name = name, .grid = fold_grid(tiles), .block = kTileThreads, .stream = exec.stream}, partials,
           tiles.width(N), tiles, grad.channels, sums);
  if (!o.dx || tiles.chunks == 0) return;
  if (store_first) {
    o.dy = o.dresidual;
    o.dy_wider = 0;
    o.dresidual = nullptr;
    bend = Bend::none;
  }
  const ChannelTiles map(grad.groups, grad.x.pixels() / grad.groups, grad.x, N, kMapBlocks);
  const auto kernel = bend == Bend::of_x   ? norm_grad_apply_kernel<T, N, Bend::of_x, false, kFrozen>
                      : bend == Bend::of_y ? (o.dresidual ? norm_grad_apply_kernel<T, N, Bend::of_y, true, kFrozen>
                                                          : norm_grad_apply_kernel<T, N, Bend::of_y, false, kFrozen>)
                                           : (o.dresidual ? norm_grad_apply_kernel<T, N, Bend::none, true, kFrozen>
                                                          : norm_grad_apply_kernel<T, N, Bend::none, false, kFrozen>);
  launch(kernel, {.name = name, .grid = map.grid(), .block = kTileThreads, .stream = exec.stream}, o, grad.channels,
         sums, act, map);
}

template <bool kFrozen>
void norm_grad(const CudaExec& exec, const char* name, const NormGrad& grad) {
  dispatch_packs(name, {grad.x, grad.dy, grad.y, grad.dx, grad.dresidual},
                 [&](auto zero, auto pack) { norm_grad<kFrozen, decltype(zero), pack>(exec, name, grad); });
}

}  // namespace SEGUE_GPU_BACKEND
}  // namespace segue::gpu
