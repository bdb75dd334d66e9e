#include "image_strips.cuh"
#include "max_pool.h"

namespace segue::kernels {
namespace {

/// Extents and the window, in 32 bits: index arithmetic in 64 would take longer than the memory.
struct Pool {
  int height, width, channels, pitch;  // of the image
  int ph, pw;                          // pooled
  int kernel, stride, pad;
  bool packed_bytes;  // argmax can be read and written a pack at a time
};

/// N bytes of argmax; lanes behind the last channel have none.
template <int N>
__device__ __forceinline__ void store_bytes(uint8_t* to, const int (&v)[N], int left, bool packed) {
  if constexpr (N > 1) {
    if (packed) {
      unsigned words[N / 4];
#pragma unroll
      for (int i = 0; i < N / 4; ++i)
        words[i] = unsigned(v[4 * i]) | unsigned(v[4 * i + 1]) << 8 | unsigned(v[4 * i + 2]) << 16 |
                   unsigned(v[4 * i + 3]) << 24;
#pragma unroll
      for (int i = 0; i < N / 4; ++i) reinterpret_cast<unsigned*>(to)[i] = words[i];
      return;
    }
  }
#pragma unroll
  for (int j = 0; j < N; ++j)
    if (j < left) to[j] = uint8_t(v[j]);
}
template <int N>
__device__ __forceinline__ void load_bytes(const uint8_t* from, int (&v)[N], int left, bool packed) {
  if constexpr (N > 1) {
    if (packed) {
#pragma unroll
      for (int i = 0; i < N; ++i) v[i] = int(reinterpret_cast<const unsigned*>(from)[i / 4] >> (8 * (i % 4)) & 255u);
      return;
    }
  }
#pragma unroll
  for (int j = 0; j < N; ++j) v[j] = j < left ? int(from[j]) : -1;
}

// argmax may be null. Padding lanes hold zeros, and so does the largest of them.
template <class T, int N>
__global__ void __launch_bounds__(gpu::kStripThreads)
    max_pool_kernel(const T* x, T* y, uint8_t* argmax, gpu::ImageStrips strips, Pool p) {
  gpu::for_strips<N>(strips, 1, [&](const gpu::ImageStrip& at) {
    const int top = int(at.row) * p.stride - p.pad, left = int(at.column) * p.stride - p.pad;
    const int row_begin = max(0, -top), row_end = min(p.kernel, p.height - top);
    const int column_begin = max(0, -left), column_end = min(p.kernel, p.width - left);
    float best[N] = {};
    int place[N] = {};
    for (int r = row_begin; r < row_end; ++r) {
      const T* line = x + ((at.image * p.height + top + r) * p.width + left) * p.pitch + at.channel;
      for (int s = column_begin; s < column_end; ++s) {
        float v[N];
        gpu::to_floats(gpu::load<N>(line + int64_t(s) * p.pitch), v);
        const bool first = r == row_begin && s == column_begin;
#pragma unroll
        for (int j = 0; j < N; ++j) {
          const bool take = first || v[j] > best[j] || v[j] != v[j];
          best[j] = take ? v[j] : best[j];
          place[j] = take ? r * p.kernel + s : place[j];
        }
      }
    }
    const int64_t pixel = (at.image * p.ph + at.row) * p.pw + at.column;
    gpu::store(y + pixel * p.pitch + at.channel, gpu::from_floats<T>(best));
    if (argmax)
      store_bytes<N>(argmax + pixel * p.channels + at.channel, place, p.channels - at.channel, p.packed_bytes);
  });
}

template <class T, int N, bool kAccumulate>
__global__ void __launch_bounds__(gpu::kStripThreads)
    max_pool_grad_kernel(const T* dy, const uint8_t* argmax, T* dx, gpu::ImageStrips strips, Pool p) {
  gpu::for_strips<N>(strips, 1, [&](const gpu::ImageStrip& at) {
    T* to = dx + ((at.image * p.height + at.row) * p.width + at.column) * p.pitch + at.channel;
    float sum[N] = {};
    if (kAccumulate) gpu::to_floats(gpu::load<N>(to), sum);
    // Windows over place i of an axis: i + pad - kernel < o stride <= i + pad.
    const int h = int(at.row) + p.pad, w = int(at.column) + p.pad;
    const int row_end = min(p.ph, h / p.stride + 1), column_end = min(p.pw, w / p.stride + 1);
    const int column_begin = max(0, (w - p.kernel + p.stride) / p.stride);
    for (int r = max(0, (h - p.kernel + p.stride) / p.stride); r < row_end; ++r)
#pragma unroll 1  // a window holds few pixels; more of them at once would not fit into registers
      for (int s = column_begin; s < column_end; ++s) {
        const int here = (h - r * p.stride) * p.kernel + w - s * p.stride;
        const int64_t pixel = (at.image * p.ph + r) * p.pw + s;
        float g[N];
        int taken[N];
        gpu::to_floats(gpu::load<N>(dy + pixel * p.pitch + at.channel), g);
        load_bytes<N>(argmax + pixel * p.channels + at.channel, taken, p.channels - at.channel, p.packed_bytes);
#pragma unroll
        for (int j = 0; j < N; ++j) sum[j] += taken[j] == here ? g[j] : 0.f;
      }
    gpu::store(to, gpu::from_floats<T>(sum));
  });
}

/// Checks what both share; x is the image, y the pooled one.
Pool check_shapes(const char* where, const View& x, const View& y, const View& argmax, const MaxPoolOptions& o) {
  require(o.kernel >= 1 && o.kernel <= 16 && o.stride >= 1 && o.pad >= 0 && 2 * o.pad <= o.kernel, where,
          "expects kernel 1..16, stride >= 1, pad 0..kernel/2; got ", o.kernel, ", ", o.stride, ", ", o.pad);
  check_pitched(x, where, "x", x.dtype, x.shape);
  require(x.shape.dims() == 4 && x.shape[1] + 2 * o.pad >= o.kernel && x.shape[2] + 2 * o.pad >= o.kernel, where,
          "expects images (N,H,W,C) not smaller than a window; got ", x.shape);
  constexpr int64_t kMost = int64_t(1) << 30;
  require(x.shape[1] < kMost && x.shape[2] < kMost && x.pitch < kMost, where, "expects extents below 2^30; got ",
          x.shape);
  const Shape pooled{x.shape[0], max_pool_extent(x.shape[1], o), max_pool_extent(x.shape[2], o), x.shape[3]};
  check_like(y, where, "y", pooled, x, "x");
  if (argmax) check_view(argmax, where, "argmax", DType::u8, pooled);
  return {int(x.shape[1]), int(x.shape[2]), int(x.channels()), int(x.pitch), int(pooled[1]),
          int(pooled[2]),  o.kernel,        o.stride,          o.pad,        false};
}

/// Calls run(T{}, pack) with the widest pack that addresses and pitch allow.
template <class F>
void dispatch(const char* where, const View& x, const View& y, const View& argmax, Pool& pool, F&& run) {
  gpu::dispatch_float(x.dtype, where, [&](auto zero) {
    using T = decltype(zero);
    constexpr int N = gpu::kVector<T>;
    if (x.pitch % N != 0 || !gpu::aligned16(x.data, y.data)) return run(zero, std::integral_constant<int, 1>{});
    pool.packed_bytes = pool.channels % N == 0 && reinterpret_cast<uintptr_t>(argmax.data) % 4 == 0;
    run(zero, std::integral_constant<int, N>{});
  });
}

}  // namespace

void max_pool(const CudaExec& exec, const View& x, const View& y, const View& argmax, const MaxPoolOptions& options) {
  Pool pool = check_shapes("max_pool", x, y, argmax, options);
  if (y.count() == 0) return;
  dispatch("max_pool", x, y, argmax, pool, [&](auto zero, auto pack) {
    using T = decltype(zero);
    constexpr int N = pack;
    const gpu::ImageStrips strips(y.shape[0], y.shape[1], y.shape[2], y.pitch, N, 1);
    gpu::launch(max_pool_kernel<T, N>, strips.config("max_pool", exec), x.as<T>(), y.as<T>(),
                argmax ? argmax.as<uint8_t>() : nullptr, strips, pool);
  });
}

void max_pool_grad(const CudaExec& exec, const View& dy, const View& argmax, const View& dx,
                   const MaxPoolOptions& options, bool accumulate) {
  Pool pool = check_shapes("max_pool_grad", dx, dy, argmax, options);
  check_view(argmax, "max_pool_grad", "argmax", DType::u8, dy.shape);
  if (dx.count() == 0) return;
  dispatch("max_pool_grad", dx, dy, argmax, pool, [&](auto zero, auto pack) {
    using T = decltype(zero);
    constexpr int N = pack;
    const gpu::ImageStrips strips(dx.shape[0], dx.shape[1], dx.shape[2], dx.pitch, N, 1);
    gpu::launch(accumulate ? max_pool_grad_kernel<T, N, true> : max_pool_grad_kernel<T, N, false>,
                strips.config("max_pool_grad", exec), dy.as<T>(), argmax.as<uint8_t>(), dx.as<T>(), strips, pool);
  });
}

}  // namespace segue::kernels
