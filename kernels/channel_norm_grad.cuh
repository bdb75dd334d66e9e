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
};

/// What a gradient reads at one place; with kFrozen x only where the bend needs it.
template <class T, int N, Bend kBend, bool kFrozen = false>
struct NormGradReads {
  static constexpr bool kReadsX = !kFrozen || kBend == Bend::of_x;
  LoadedPack<T, N> dy, x, y;

  template <class Place>
  static __device__ __forceinline__ NormGradReads at(const NormGradImages<T>& o, const Place& place, int64_t e, int i) {
    NormGradReads r{};
    r.dy = LoadedPack<T, N>::at(o.dy + place.dy(e, i));
    if constexpr (kReadsX) r.x = LoadedPack<T, N>::at(o.x + place.x(e, i));
    if constexpr (kBend == Bend::of_y) r.y = LoadedPack<T, N>::at(o.y + place.y(e, i));
    return r;
  }
  /// The gradient behind the activation, of the pixel and the cells that mirror it, and x - mean. kStore: dresidual, g
  /// at the pixel, becomes 0 in the cells that mirror it, which nobody has read.
  template <bool kStore, class Place>
  __device__ __forceinline__ void get(const NormGradImages<T>& o, const Place& place, int i, const NormPack<N>& pack,
                                      NormActivation act, float (&g)[N], float (&centered)[N]) const {
    float result[N];
    dy.get(g);
    place.mirrored_dy(i, [&](int64_t mirror) {
      float more[N];
      LoadedPack<T, N>::at(o.dy + mirror).get(more);
#pragma unroll
      for (int j = 0; j < N; ++j) g[j] += more[j];
    });
    if constexpr (kStore)
      place.mirrored_residual(i, [&](int64_t mirror) { store(o.dresidual + mirror, Pack<T, N>{}); });
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
template <class T, int N, Bend kBend, bool kStore, class Places>
__global__ void __launch_bounds__(kTileThreads, 4)
    norm_grad_sums_kernel(const NormGradImages<T> o, const Places places, double* partials, const NormChannels channels,
                          const NormActivation act, const ChannelTiles tiles) {
  using Reads = NormGradReads<T, N, kBend>;
  const ChannelTile<N> tile(tiles, blockIdx.x);
  const NormPack<N> pack(channels, tile.group, tile.channel, tiles.channels);
  const typename Places::OfTile place(places, tiles, tile);
  // What is both read off y and stored leaves registers for one pixel in flight where there are borders.
  constexpr int kSteps =
      kTileSteps<T> / (kBend == Bend::of_y && kStore ? Places::kShare * Places::kShare : Places::kShare);
  float sums[2][N] = {};
  for_numbered_tile_pixels<(kSteps > 0 ? kSteps : 1)>(
      tile, tiles.pitch, [=](int64_t e, int i) { return Reads::at(o, place, e, i); },
      [&](int64_t e, int i, Reads r) {
        float g[N], centered[N];
        r.template get<kStore>(o, place, i, pack, act, g, centered);
#pragma unroll
        for (int j = 0; j < N; ++j) {
          sums[0][j] += g[j];
          sums[1][j] += g[j] * centered[j];
        }
        if constexpr (kStore) store(o.dresidual + place.residual(e, i), from_floats<T>(g));
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
template <class T, int N, Bend kBend, bool kStore, bool kFrozen, class Places>
__global__ void __launch_bounds__(kTileThreads, 4)
    norm_grad_apply_kernel(const NormGradImages<T> o, const Places places, const NormChannels channels,
                           const NormGradSums sums, const NormActivation act, const ChannelTiles tiles) {
  using Reads = NormGradReads<T, N, kBend, kFrozen>;
  const ChannelTile<N> tile(tiles, gridDim.x - 1 - blockIdx.x);
  float dy_mean[N], slope[N];
  if constexpr (!kFrozen) {
    const int64_t at = tile.group * sums.width + tile.channel;
    load_channels(sums.dy_mean + at, tiles.channels - tile.channel, dy_mean);
    load_channels(sums.slope + at, tiles.channels - tile.channel, slope);
  }
  const NormPack<N> pack(channels, tile.group, tile.channel, tiles.channels);
  const typename Places::OfTile place(places, tiles, tile);
  for_numbered_tile_pixels<kTileSteps<T> / Places::kShare>(
      tile, tiles.pitch, [=](int64_t e, int i) { return Reads::at(o, place, e, i); },
      [&](int64_t e, int i, Reads r) {
        float g[N], centered[N], v[N];
        r.template get<kStore>(o, place, i, pack, act, g, centered);
#pragma unroll
        for (int j = 0; j < N; ++j) {
          if constexpr (kFrozen)
            v[j] = pack.scale[j] * g[j];
          else
            v[j] = pack.scale[j] * ((g[j] - dy_mean[j]) - centered[j] * slope[j]);
        }
        store(o.dx + place.x(e, i), from_floats<T>(v));
        if constexpr (kStore) store(o.dresidual + place.residual(e, i), from_floats<T>(g));
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

inline PitchedPlaces pitched_places(const View& dy, const View& x, const View& y) {
  return {y ? int(y.pitch - x.pitch) : 0, int(dy.pitch - x.pitch)};
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
template <bool kFrozen, class T, int N, class Places>
void norm_grad(const CudaExec& exec, const char* name, const NormGrad& grad, Places places) {
  const NormActivation act{grad.slope};
  NormGradImages<T> o{grad.dy.as<T>(), grad.x.as<T>(), grad.y ? grad.y.as<T>() : nullptr,
                      grad.dx ? grad.dx.as<T>() : nullptr, grad.dresidual ? grad.dresidual.as<T>() : nullptr};
  Bend bend = grad.slope == 1.f ? Bend::none : o.y ? Bend::of_y : Bend::of_x;
  if (bend == Bend::none && o.dresidual == o.dy && !places.borders()) o.dresidual = nullptr;
  const bool sums_wanted = (o.dx && !kFrozen) || grad.dgamma || grad.dbeta;
  // The first pass stores dresidual where the second can read it instead of dy and y: if it is g to the last bit.
  const bool exact = (bend == Bend::none || grad.slope == 0.f) && (!places.sums_dy() || sizeof(T) == sizeof(float));
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
    auto* kernel = bend == Bend::of_x ? norm_grad_sums_kernel<T, N, Bend::of_x, false, Places>
                                      : norm_grad_sums_kernel<T, N, Bend::none, false, Places>;
    if constexpr (Places::kResiduals) {
      if (bend == Bend::of_y)
        kernel = store_first ? norm_grad_sums_kernel<T, N, Bend::of_y, true, Places>
                             : norm_grad_sums_kernel<T, N, Bend::of_y, false, Places>;
      else if (store_first)
        kernel = norm_grad_sums_kernel<T, N, Bend::none, true, Places>;
    }
    launch(kernel, {.name = name, .grid = tiles.grid(), .block = kTileThreads, .stream = exec.stream}, o, places,
           partials, grad.channels, act, tiles);
  }
  if (sums_wanted)
    launch(norm_grad_fold_kernel,
           {.name = name, .grid = fold_grid(tiles), .block = kTileThreads, .stream = exec.stream}, partials,
           tiles.width(N), tiles, grad.channels, sums);
  if (!o.dx || tiles.chunks == 0) return;
  if (store_first) {
    o.dy = o.dresidual;
    places = places.residual_as_dy();
    o.dresidual = nullptr;
    bend = Bend::none;
  }
  const ChannelTiles map(grad.groups, grad.x.pixels() / grad.groups, grad.x, N, kMapBlocks);
  auto* kernel = bend == Bend::of_x ? norm_grad_apply_kernel<T, N, Bend::of_x, false, kFrozen, Places>
                                    : norm_grad_apply_kernel<T, N, Bend::none, false, kFrozen, Places>;
  if constexpr (Places::kResiduals) {
    if (bend == Bend::of_y)
      kernel = o.dresidual ? norm_grad_apply_kernel<T, N, Bend::of_y, true, kFrozen, Places>
                           : norm_grad_apply_kernel<T, N, Bend::of_y, false, kFrozen, Places>;
    else if (o.dresidual)
      kernel = norm_grad_apply_kernel<T, N, Bend::none, true, kFrozen, Places>;
  }
  launch(kernel, {.name = name, .grid = map.grid(), .block = kTileThreads, .stream = exec.stream}, o, places,
         grad.channels, sums, act, map);
}

template <bool kFrozen, class Places>
void norm_grad(const CudaExec& exec, const char* name, const NormGrad& grad, const Places& places) {
  dispatch_packs(name, {grad.x, grad.dy, grad.y, grad.dx, grad.dresidual},
                 [&](auto zero, auto pack) { norm_grad<kFrozen, decltype(zero), pack>(exec, name, grad, places); });
}

}  // namespace SEGUE_GPU_BACKEND
}  // namespace segue::gpu
