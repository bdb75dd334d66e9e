#include "device.cuh"
#include "filter_layout.h"

namespace segue::kernels::conv {
namespace {

constexpr int kThreads = 256;

/// Calls f(row, pack) for every pack of `packs` in every row of `rows`, grid-stride. One division a thread, none a pack.
template <class F>
__device__ __forceinline__ void for_packs(int64_t rows, int packs, F f) {
  const int64_t first = int64_t(blockIdx.x) * kThreads + threadIdx.x, stride = int64_t(gridDim.x) * kThreads;
  int64_t row = first / packs;
  int pack = int(first - row * packs);
  const int64_t row_step = stride / packs;
  const int pack_step = int(stride - row_step * packs);
  while (row < rows) {
    f(row, pack);
    row += row_step;
    pack += pack_step;
    if (pack >= packs) {
      pack -= packs;
      ++row;
    }
  }
}

// Rows are (k,r,s). N elements of a row of `packed` at a time.
template <class T, int N>
__global__ void __launch_bounds__(kThreads)
    pack_filter_kernel(const T* w, T* packed, int64_t rows, int64_t padded_rows, int channels, int padded_channels) {
  for_packs(padded_rows, padded_channels / N, [=](int64_t row, int pack) {
    const int c = pack * N;
    const T* from = w + row * channels + c;
    gpu::Pack<T, N> v;
#pragma unroll
    for (int j = 0; j < N; ++j) v.v[j] = row < rows && c + j < channels ? from[j] : gpu::from_float<T>(0.f);
    gpu::store(packed + row * padded_channels + c, v);
  });
}

// N elements of a row of dw at a time.
template <class T, int N>
__global__ void __launch_bounds__(kThreads)
    unpack_filter_gradient_kernel(const T* packed, float* dw, int64_t rows, int channels, int padded_channels,
                                  bool accumulate) {
  constexpr int M = N == 1 ? 1 : gpu::kVector<float>;
  for_packs(rows, channels / N, [=](int64_t row, int pack) {
    const int c = pack * N;
    const gpu::Pack<T, N> g = gpu::load<N>(packed + row * padded_channels + c);
    float* to = dw + row * channels + c;
#pragma unroll
    for (int i = 0; i < N; i += M) {
      gpu::Pack<float, M> v{};
      if (accumulate) v = gpu::load<M>(to + i);
#pragma unroll
      for (int j = 0; j < M; ++j) v.v[j] = accumulate ? v.v[j] + gpu::to_float(g.v[i + j]) : gpu::to_float(g.v[i + j]);
      gpu::store(to + i, v);
    }
  });
}

template <class T, int N>
__global__ void __launch_bounds__(kThreads)
    spread_bias_kernel(const float* bias, T* y, int64_t pixels, int channels, int pitch) {
  for_packs(pixels, pitch / N, [=](int64_t pixel, int pack) {
    const int c = pack * N;
    gpu::Pack<T, N> v;
#pragma unroll
    for (int j = 0; j < N; ++j) v.v[j] = gpu::from_float<T>(c + j < channels ? bias[c + j] : 0.f);
    gpu::store(y + pixel * pitch + c, v);
  });
}

gpu::LaunchConfig config_for(const char* name, const CudaExec& exec, int64_t packs) {
  return {.name = name, .grid = gpu::grid_for(packs, kThreads), .block = kThreads, .stream = exec.stream};
}

}  // namespace

void pack_filter(const CudaExec& exec, const View& w, int64_t padded_k, int64_t padded_c, void* packed) {
  check_dense(w, "pack_filter", "w", w.dtype);
  require(w.shape.dims() == 4 && padded_k >= w.shape[0] && padded_c >= w.shape[3], "pack_filter",
          "expects filters (K,R,S,C) of at most ", padded_k, " and ", padded_c, " channels; got ", w.shape);
  const int64_t taps = w.shape[1] * w.shape[2], rows = w.shape[0] * taps, padded_rows = padded_k * taps;
  if (w.count() == 0) return;
  gpu::dispatch_float(w.dtype, "pack_filter", [&](auto zero) {
    using T = decltype(zero);
    const auto run = [&](auto kernel, int pack) {
      gpu::launch(kernel, config_for("pack_filter", exec, padded_rows * (padded_c / pack)), w.as<T>(),
                  static_cast<T*>(packed), rows, padded_rows, int(w.shape[3]), int(padded_c));
    };
    constexpr int N = gpu::kVector<T>;
    if (padded_c % N == 0 && gpu::aligned16(packed))
      run(pack_filter_kernel<T, N>, N);
    else
      run(pack_filter_kernel<T, 1>, 1);
  });
}

void unpack_filter_gradient(const CudaExec& exec, const void* packed, DType dtype, int64_t padded_c, const View& dw,
                            bool accumulate) {
  check_dense(dw, "unpack_filter_gradient", "dw", DType::f32);
  require(dw.shape.dims() == 4 && padded_c >= dw.shape[3], "unpack_filter_gradient",
          "expects filters (K,R,S,C) of at most ", padded_c, " channels; got ", dw.shape);
  if (dw.count() == 0) return;
  const int64_t rows = dw.pixels(), channels = dw.channels();
  gpu::dispatch_float(dtype, "unpack_filter_gradient", [&](auto zero) {
    using T = decltype(zero);
    const auto run = [&](auto kernel, int pack) {
      gpu::launch(kernel, config_for("unpack_filter_gradient", exec, rows * (channels / pack)),
                  static_cast<const T*>(packed), dw.as<float>(), rows, int(channels), int(padded_c), accumulate);
    };
    constexpr int N = gpu::kVector<T>;
    if (padded_c % N == 0 && channels % N == 0 && gpu::aligned16(packed, dw.data))
      run(unpack_filter_gradient_kernel<T, N>, N);
    else
      run(unpack_filter_gradient_kernel<T, 1>, 1);
  });
}

void spread_bias(const CudaExec& exec, const View& bias, const View& y) {
  check_view(bias, "spread_bias", "bias", DType::f32, {y.channels()});
  check_pitched(y, "spread_bias", "y", y.dtype, y.shape);
  if (y.count() == 0) return;
  gpu::dispatch_float(y.dtype, "spread_bias", [&](auto zero) {
    using T = decltype(zero);
    const auto run = [&](auto kernel, int pack) {
      gpu::launch(kernel, config_for("spread_bias", exec, y.pixels() * (y.pitch / pack)), bias.as<float>(), y.as<T>(),
                  y.pixels(), int(y.channels()), int(y.pitch));
    };
    constexpr int N = gpu::kVector<T>;
    if (y.pitch % N == 0 && gpu::aligned16(y.data))
      run(spread_bias_kernel<T, N>, N);
    else
      run(spread_bias_kernel<T, 1>, 1);
  });
}

}  // namespace segue::kernels::conv
