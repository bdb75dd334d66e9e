// Elementwise mean losses on CUDA: loss and gradient in one pass, the sum in two.
#pragma once

#include "partial_sums.cuh"

namespace segue::gpu {
inline namespace SEGUE_GPU_BACKEND {

constexpr int kLossThreads = 256;

/// What one element adds to the loss, and its derivative.
struct LossTerm {
  float value, slope;
};

// N lanes at a time, in all pixels. target and dx may be null. Padding lanes add nothing and get zero.
template <class T, int N, class F>
__global__ void __launch_bounds__(kLossThreads)
    mean_loss_kernel(F f, const T* x, const T* target, T* dx, float* partial, int64_t count, int pitch, int channels) {
  const int64_t first = (int64_t(blockIdx.x) * kLossThreads + threadIdx.x) * N;
  const int64_t stride = int64_t(gridDim.x) * kLossThreads * N;
  int lane = int(first % pitch);
  const int step = int(stride % pitch);
  float sum = 0.f;
  for (int64_t i = first; i < count; i += stride) {
    const Pack<T, N> a = load<N>(x + i);
    Pack<T, N> b{}, d;
    if (target) b = load<N>(target + i);
#pragma unroll
    for (int j = 0; j < N; ++j) {
      LossTerm term{0.f, 0.f};
      if (lane + j < channels) term = f(to_float(a.v[j]), to_float(b.v[j]));
      sum += term.value;
      d.v[j] = from_float<T>(term.slope);
    }
    if (dx) store(dx + i, d);
    lane += step;
    if (lane >= pitch) lane -= pitch;
  }
  sum = block_sum<kLossThreads>(sum);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

/// Checks the operands of such a loss.
inline void check_mean_loss(const char* where, const View& x, const View& loss, const View& dx) {
  check_pitched(x, where, "x", x.dtype, x.shape);
  require(x.count() > 0, where, "expects at least one element; got ", x.shape);
  check_view(loss, where, "loss", DType::f32, {});
  if (dx) check_like(dx, where, "dx", x, "x");
}

/// loss = 1/n sum_i f(x_i, target_i).value; of the sum, dx_i = f(x_i, target_i).slope. target and dx may be absent. F
/// is a struct with `__device__ LossTerm operator()(float x, float target) const`.
template <class F>
void mean_loss(const CudaExec& exec, const char* name, const F& f, const View& x, const View& target, const View& loss,
               const View& dx) {
  const int64_t count = x.pixels() * x.pitch;
  dispatch_float(x.dtype, name, [&](auto zero) {
    using T = decltype(zero);
    constexpr int N = kVector<T>;
    const bool packed = x.pitch % N == 0 && aligned16(x.data, target.data, dx.data);
    const dim3 grid = grid_for(count, (packed ? N : 1) * kLossThreads);
    float* partial = partial_sums(exec, grid);
    launch(packed ? mean_loss_kernel<T, N, F> : mean_loss_kernel<T, 1, F>,
           {.name = name, .grid = grid, .block = kLossThreads, .stream = exec.stream}, f, x.as<T>(),
           target ? target.as<T>() : nullptr, dx ? dx.as<T>() : nullptr, partial, count, int(x.pitch),
           int(x.channels()));
    total_of(exec, name, partial, grid.x, 1.0 / double(x.count()), nullptr, loss.as<float>());
  });
}

}  // namespace SEGUE_GPU_BACKEND
}  // namespace segue::gpu
