#include "channel_tiles.cuh"
#include "mean_pool.h"

namespace segue::kernels {
namespace {

// Partial sums of the values.
template <class T, int N>
__global__ void __launch_bounds__(gpu::kTileThreads)
    mean_pool_sums_kernel(const T* x, double* partials, const gpu::ChannelTiles tiles) {
  const gpu::ChannelTile<N> tile(tiles, blockIdx.x);
  float sums[1][N] = {};
  gpu::for_tile_pixels<gpu::kTileSteps<T>>(
      tile, tiles.pitch, [=](int64_t e) { return gpu::LoadedPack<T, N>::at(x + e); },
      [&](int64_t, gpu::LoadedPack<T, N> pack) {
        float v[N];
        pack.get(v);
#pragma unroll
        for (int j = 0; j < N; ++j) sums[0][j] += v[j];
      });
  gpu::store_partials<1>(tiles, tile, sums, partials,
                         [](int) { return [](int, const float(&v)[1], double(&to)[1]) { to[0] += double(v[0]); }; });
}

template <class T>
__global__ void __launch_bounds__(gpu::kTileThreads)
    mean_pool_kernel(const double* partials, int64_t width, T* y, const gpu::ChannelTiles tiles) {
  gpu::fold_partials<1>(tiles, width, partials, [&](int64_t image, int channel, const double(&sums)[1]) {
    T* of_image = y + image * tiles.pitch;
    of_image[channel] = gpu::from_float<T>(float(sums[0] / double(tiles.pixels)));
    for (int lane = channel + tiles.channels; lane < tiles.pitch; lane += tiles.channels)
      of_image[lane] = gpu::from_float<T>(0.f);
  });
}

template <class T, int N, bool kAccumulate>
__global__ void __launch_bounds__(gpu::kTileThreads)
    mean_pool_grad_kernel(const T* dy, T* dx, float share, const gpu::ChannelTiles tiles) {
  const gpu::ChannelTile<N> tile(tiles, blockIdx.x);
  if (!tile.active) return;
  float g[N];
  gpu::LoadedPack<T, N>::at(dy + tile.group * tiles.pitch + tile.channel).get(g);
#pragma unroll
  for (int j = 0; j < N; ++j) g[j] *= share;
  gpu::for_tile_pixels<gpu::kTileSteps<T>>(
      tile, tiles.pitch,
      [=](int64_t e) {
        gpu::LoadedPack<T, N> before{};
        if constexpr (kAccumulate) before = gpu::LoadedPack<T, N>::at(dx + e);
        return before;
      },
      [&](int64_t e, gpu::LoadedPack<T, N> before) {
        float v[N];
        if constexpr (kAccumulate) before.get(v);
#pragma unroll
        for (int j = 0; j < N; ++j) v[j] = kAccumulate ? v[j] + g[j] : g[j];
        gpu::store(dx + e, gpu::from_floats<T>(v));
      });
}

void check_shapes(const char* where, const View& x, const char* what, const View& y, const char* y_what) {
  check_pitched(x, where, what, x.dtype, x.shape);
  require(x.shape.dims() == 4 && x.shape[1] * x.shape[2] > 0, where,
          "expects images (N,H,W,C) of at least one pixel; got ", x.shape);
  check_like(y, where, y_what, {x.shape[0], 1, 1, x.shape[3]}, x, what);
}

}  // namespace

void mean_pool(const CudaExec& exec, const View& x, const View& y) {
  const char* where = "mean_pool";
  check_shapes(where, x, "x", y, "y");
  if (x.count() == 0) return;
  gpu::dispatch_packs(where, {x}, [&](auto zero, auto pack) {
    using T = decltype(zero);
    constexpr int N = pack;
    const gpu::ChannelTiles tiles(x.shape[0], x.shape[1] * x.shape[2], x, N, gpu::kSumBlocks);
    auto* partials = static_cast<double*>(exec.scratch->get(size_t(tiles.partials(1, N)) * sizeof(double)));
    gpu::launch(mean_pool_sums_kernel<T, N>,
                {.name = where, .grid = tiles.grid(), .block = gpu::kTileThreads, .stream = exec.stream}, x.as<T>(),
                partials, tiles);
    gpu::launch(mean_pool_kernel<T>,
                {.name = where, .grid = gpu::fold_grid(tiles), .block = gpu::kTileThreads, .stream = exec.stream},
                partials, tiles.width(N), y.as<T>(), tiles);
  });
}

void mean_pool_grad(const CudaExec& exec, const View& dy, const View& dx, bool accumulate) {
  const char* where = "mean_pool_grad";
  check_shapes(where, dx, "dx", dy, "dy");
  if (dx.count() == 0) return;
  gpu::dispatch_packs(where, {dx, dy}, [&](auto zero, auto pack) {
    using T = decltype(zero);
    constexpr int N = pack;
    const int64_t pixels = dx.shape[1] * dx.shape[2];
    const gpu::ChannelTiles tiles(dx.shape[0], pixels, dx, N, gpu::kMapBlocks);
    gpu::launch(accumulate ? mean_pool_grad_kernel<T, N, true> : mean_pool_grad_kernel<T, N, false>,
                {.name = where, .grid = tiles.grid(), .block = gpu::kTileThreads, .stream = exec.stream}, dy.as<T>(),
                dx.as<T>(), 1.f / float(pixels), tiles);
  });
}

}  // namespace segue::kernels
