// The loop of elementwise kernels on CUDA. It is flat over all lanes of all pixels, padding lanes too.
#pragma once

#include "device.cuh"
#include "divisor.cuh"
#include "exec.h"

namespace segue::gpu {
inline namespace SEGUE_GPU_BACKEND {

constexpr int kElementThreads = 256;

/// The lanes of a pixel: channels first, then padding.
struct Lanes {
  int64_t channels;
  Divisor pitch;
};

template <class X, int N>
struct Floats {
  float v[N];
  explicit __device__ __forceinline__ Floats(const X* p) { load_floats<N>(p, v); }
};

/// y = f(x...) in packs of N lanes; with kMasked, zero in padding lanes.
template <bool kMasked, class T, int N, class F, class... X>
__global__ void __launch_bounds__(kElementThreads)
    elementwise_kernel(F f, T* y, int64_t count, Lanes lanes, const X*... x) {
  const int64_t first = int64_t(blockIdx.x) * kElementThreads + threadIdx.x;
  const int64_t stride = int64_t(gridDim.x) * kElementThreads, packs = count / N;
  const auto lane_of = [&](int64_t i) {
    int64_t lane = 0;
    if constexpr (kMasked) lanes.pitch.divide(i, lane);
    return lane;
  };
  for (int64_t i = first; i < packs; i += stride) {
    const int64_t lane = lane_of(i * N);
    const auto apply = [&](const Floats<X, N>&... in) {
      float y_pack[N];
#pragma unroll
      for (int j = 0; j < N; ++j) y_pack[j] = kMasked && lane + j >= lanes.channels ? 0.f : f(in.v[j]...);
      store_floats<N>(y + i * N, y_pack);
    };
    apply(Floats<X, N>(x + i * N)...);
  }
  if (const int64_t i = packs * N + first; i < count)
    y[i] = from_float<T>(kMasked && lane_of(i) >= lanes.channels ? 0.f : f(to_float(x[i])...));
}

template <class T, class>
using RepeatType = T;

template <bool kMasked, class F, class... V>
void launch_elementwise(const CudaExec& exec, const char* name, const F& f, const View& y, const V&... x) {
  const int64_t count = y.pixels() * y.pitch;
  if (count == 0) return;
  dispatch_float(y.dtype, name, [&](auto zero) {
    using T = decltype(zero);
    const auto run = [&](auto kernel, int64_t pack) {
      launch(kernel,
             {.name = name,
              .grid = grid_for(count, pack * kElementThreads),
              .block = kElementThreads,
              .stream = exec.stream},
             f, y.as<T>(), count, Lanes{y.channels(), Divisor(y.pitch)}, static_cast<const T*>(x.data)...);
    };
    constexpr int N = kVector<T>;
    if (aligned16(y.data, x.data...) && (!kMasked || y.pitch % N == 0))
      run(elementwise_kernel<kMasked, T, N, F, RepeatType<T, V>...>, N);
    else
      run(elementwise_kernel<kMasked, T, 1, F, RepeatType<T, V>...>, 1);
  });
}

/// y = f(x...) for each element, in f32; f(0...) is 0, so that padding lanes stay zero. The operands are alike
/// (check_like); y may be one of the others. F is a struct with `__device__ float operator()(float...) const`.
template <class F, class... V>
void elementwise(const CudaExec& exec, const char* name, const F& f, const View& y, const V&... x) {
  launch_elementwise<false>(exec, name, f, y, x...);
}
/// The same for any f.
template <class F, class... V>
void masked_elementwise(const CudaExec& exec, const char* name, const F& f, const View& y, const V&... x) {
  if (y.dense())
    launch_elementwise<false>(exec, name, f, y, x...);
  else
    launch_elementwise<true>(exec, name, f, y, x...);
}

}  // namespace SEGUE_GPU_BACKEND
}  // namespace segue::gpu
