#include "bias.h"
#include "channel_tiles.cuh"
#include "image_strips.cuh"

namespace segue::kernels {
namespace {

// Strips of pixels, so that a thread reads the bias once for several packs. Padding lanes have none.
template <class T, int N>
__global__ void __launch_bounds__(gpu::kStripThreads)
    bias_kernel(const T* x, const float* b, T* y, gpu::ImageStrips strips, int channels, int pitch) {
  gpu::for_strips<N>(strips, [&](const gpu::ImageStrip& at) {
    float bias[N];
    gpu::load_channels(b + at.channel, channels - at.channel, bias);
    const T* from = x + at.row * pitch + at.channel;
    T* to = y + at.row * pitch + at.channel;
    gpu::Pack<T, N> packs[gpu::kStripRows];
#pragma unroll
    for (int r = 0; r < gpu::kStripRows; ++r)
      packs[r] = gpu::load_if<N>(at.row + r < strips.height, from + int64_t(r) * pitch);
#pragma unroll
    for (int r = 0; r < gpu::kStripRows; ++r) {
      float v[N];
      gpu::to_floats(packs[r], v);
#pragma unroll
      for (int j = 0; j < N; ++j) v[j] += bias[j];
      if (at.row + r < strips.height) gpu::store_floats<N>(to + int64_t(r) * pitch, v);
    }
  });
}

template <class T, int N>
__global__ void __launch_bounds__(gpu::kTileThreads, 4)
    bias_grad_sums_kernel(const T* dy, double* partials, const gpu::ChannelTiles tiles) {
  using Loaded = gpu::LoadedPack<T, N>;
  const gpu::ChannelTile<N> tile(tiles, blockIdx.x);
  float sums[1][N] = {};
  gpu::for_tile_pixels<2 * gpu::kTileSteps<T>>(
      tile, tiles.pitch, [=](int64_t e) { return Loaded::at(dy + e); },
      [&](int64_t, Loaded loaded) {
        float v[N];
        loaded.get(v);
#pragma unroll
        for (int j = 0; j < N; ++j) sums[0][j] += v[j];
      });
  gpu::store_partials<1>(tiles, tile, sums, partials,
                         [](int) { return [](int, const float(&v)[1], double(&to)[1]) { to[0] += double(v[0]); }; });
}

__global__ void __launch_bounds__(gpu::kTileThreads)
    bias_grad_kernel(const double* partials, int64_t width, const gpu::ChannelTiles tiles, float* db, bool accumulate) {
  gpu::fold_partials<1>(tiles, width, partials, [&](int64_t, int channel, const double(&sums)[1]) {
    const float sum = float(sums[0]);
    db[channel] = accumulate ? db[channel] + sum : sum;
  });
}

}  // namespace

void bias(const CudaExec& exec, const View& x, const View& b, const View& y) {
  check_pitched(x, "bias", "x", x.dtype, x.shape);
  check_view(b, "bias", "b", DType::f32, {x.channels()});
  check_like(y, "bias", "y", x, "x");
  if (x.count() == 0) return;
  gpu::dispatch_float(x.dtype, "bias", [&](auto zero) {
    using T = decltype(zero);
    const auto run = [&](auto kernel, int pack) {
      const gpu::ImageStrips strips(1, x.pixels(), 1, x.pitch, pack);
      gpu::launch(kernel, strips.config("bias", exec), x.as<T>(), b.as<float>(), y.as<T>(), strips, int(x.channels()),
                  int(x.pitch));
    };
    constexpr int N = gpu::kVector<T>;
    if (x.pitch % N == 0 && gpu::aligned16(x.data, y.data))
      run(bias_kernel<T, N>, N);
    else
      run(bias_kernel<T, 1>, 1);
  });
}

void bias_grad(const CudaExec& exec, const View& dy, const View& db, bool accumulate) {
  check_pitched(dy, "bias_grad", "dy", dy.dtype, dy.shape);
  check_view(db, "bias_grad", "db", DType::f32, {dy.channels()});
  if (dy.channels() == 0) return;
  gpu::dispatch_packs("bias_grad", {dy}, [&](auto zero, auto pack) {
    using T = decltype(zero);
    constexpr int N = pack;
    const gpu::ChannelTiles tiles(1, dy.pixels(), dy, N, gpu::kSumBlocks);
    auto* partials = static_cast<double*>(exec.scratch->get(size_t(tiles.partials(1, N)) * sizeof(double)));
    gpu::launch(bias_grad_sums_kernel<T, N>,
                {.name = "bias_grad", .grid = tiles.grid(), .block = gpu::kTileThreads, .stream = exec.stream},
                dy.as<T>(), partials, tiles);
    gpu::launch(bias_grad_kernel,
                {.name = "bias_grad", .grid = gpu::fold_grid(tiles), .block = gpu::kTileThreads, .stream = exec.stream},
                partials, tiles.width(N), tiles, db.as<float>(), accumulate);
  });
}

}  // namespace segue::kernels
