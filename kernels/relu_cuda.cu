#include "device.cuh"
#include "relu.h"

namespace segue::kernels {
namespace {

constexpr int kThreads = 256;

// Flat over all lanes of all pixels: padding lanes are zero, and both functions keep zero.
template <class T, int N>
__global__ void __launch_bounds__(kThreads) relu_kernel(const T* x, T* y, int64_t count) {
  const int64_t first = int64_t(blockIdx.x) * kThreads + threadIdx.x, stride = int64_t(gridDim.x) * kThreads;
  const int64_t packs = count / N;
  for (int64_t i = first; i < packs; i += stride) {
    gpu::Pack<T, N> v = gpu::load<N>(x + i * N);
#pragma unroll
    for (int j = 0; j < N; ++j) v.v[j] = gpu::to_float(v.v[j]) < 0.f ? gpu::from_float<T>(0.f) : v.v[j];
    gpu::store(y + i * N, v);
  }
  if (const int64_t i = packs * N + first; i < count) y[i] = gpu::to_float(x[i]) < 0.f ? gpu::from_float<T>(0.f) : x[i];
}

template <class T, int N>
__global__ void __launch_bounds__(kThreads) relu_grad_kernel(const T* dy, const T* y, T* dx, int64_t count) {
  const int64_t first = int64_t(blockIdx.x) * kThreads + threadIdx.x, stride = int64_t(gridDim.x) * kThreads;
  const int64_t packs = count / N;
  for (int64_t i = first; i < packs; i += stride) {
    gpu::Pack<T, N> g = gpu::load<N>(dy + i * N);
    const gpu::Pack<T, N> r = gpu::load<N>(y + i * N);
#pragma unroll
    for (int j = 0; j < N; ++j) g.v[j] = gpu::to_float(r.v[j]) > 0.f ? g.v[j] : gpu::from_float<T>(0.f);
    gpu::store(dx + i * N, g);
  }
  if (const int64_t i = packs * N + first; i < count)
    dx[i] = gpu::to_float(y[i]) > 0.f ? dy[i] : gpu::from_float<T>(0.f);
}

}  // namespace

void relu(const CudaExec& exec, const View& x, const View& y) {
  gpu::check_pitched(x, "relu", "x", x.dtype, x.shape);
  gpu::check_pitched(y, "relu", "y", x.dtype, x.shape);
  require(y.pitch == x.pitch, "relu", "expects y at the pitch of x, ", x.pitch, "; got ", y.pitch);
  const int64_t count = x.pixels() * x.pitch;
  if (count == 0) return;
  gpu::dispatch_float(x.dtype, "relu", [&](auto zero) {
    using T = decltype(zero);
    const T* in = x.as<T>();
    T* out = y.as<T>();
    const auto run = [&](auto kernel, int64_t pack) {
      gpu::launch(
          kernel,
          {.name = "relu", .grid = gpu::grid_for(count, pack * kThreads), .block = kThreads, .stream = exec.stream}, in,
          out, count);
    };
    if (gpu::aligned16(in, out))
      run(relu_kernel<T, gpu::kVector<T>>, gpu::kVector<T>);
    else
      run(relu_kernel<T, 1>, 1);
  });
}

void relu_grad(const CudaExec& exec, const View& dy, const View& y, const View& dx) {
  gpu::check_pitched(dy, "relu_grad", "dy", dy.dtype, dy.shape);
  gpu::check_pitched(y, "relu_grad", "y", dy.dtype, dy.shape);
  gpu::check_pitched(dx, "relu_grad", "dx", dy.dtype, dy.shape);
  require(y.pitch == dy.pitch && dx.pitch == dy.pitch, "relu_grad", "expects y and dx at the pitch of dy, ", dy.pitch,
          "; got ", y.pitch, " and ", dx.pitch);
  const int64_t count = dy.pixels() * dy.pitch;
  if (count == 0) return;
  gpu::dispatch_float(dy.dtype, "relu_grad", [&](auto zero) {
    using T = decltype(zero);
    const T *g = dy.as<T>(), *r = y.as<T>();
    T* out = dx.as<T>();
    const auto run = [&](auto kernel, int64_t pack) {
      gpu::launch(kernel,
                  {.name = "relu_grad",
                   .grid = gpu::grid_for(count, pack * kThreads),
                   .block = kThreads,
                   .stream = exec.stream},
                  g, r, out, count);
    };
    if (gpu::aligned16(g, r, out))
      run(relu_grad_kernel<T, gpu::kVector<T>>, gpu::kVector<T>);
    else
      run(relu_grad_kernel<T, 1>, 1);
  });
}

}  // namespace segue::kernels
