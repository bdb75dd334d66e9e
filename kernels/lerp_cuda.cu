#include "device.cuh"
#include "lerp.h"

namespace segue::kernels {
namespace {

constexpr int kThreads = 256;
constexpr int kElements = 8;  // of a thread at a time: whole packs of every type

template <int N, class R>
__global__ void __launch_bounds__(kThreads)
    lerp_kernel(float* y, const float* x, const float* weight, R* rounded, int64_t count) {
  const int64_t first = int64_t(blockIdx.x) * kThreads + threadIdx.x, stride = int64_t(gridDim.x) * kThreads;
  const int64_t packs = count / N;
  const float w = *weight;
  const auto moved = [w](float from, float to) { return w == 1.f ? to : from + w * (to - from); };
  for (int64_t i = first; i < packs; i += stride) {
    float a[N], b[N];
    gpu::load_floats<N>(y + i * N, a);
    gpu::load_floats<N>(x + i * N, b);
#pragma unroll
    for (int j = 0; j < N; ++j) a[j] = moved(a[j], b[j]);
    gpu::store_floats<N>(y + i * N, a);
    if (rounded) gpu::store_floats<N>(rounded + i * N, a);
  }
  if (const int64_t i = packs * N + first; i < count) {
    y[i] = moved(y[i], x[i]);
    if (rounded) rounded[i] = gpu::from_float<R>(y[i]);
  }
}

}  // namespace

void lerp(const CudaExec& exec, const View& y, const View& x, const View& weight, const View& rounded) {
  check_dense(y, "lerp", "y", DType::f32);
  check_view(x, "lerp", "x", DType::f32, y.shape);
  check_view(weight, "lerp", "weight", DType::f32, {});
  const DType narrow = rounded.dtype == DType::f16 ? DType::f16 : DType::bf16;
  if (rounded) check_view(rounded, "lerp", "rounded", narrow, y.shape);
  const int64_t count = y.count();
  if (count == 0) return;
  const auto run = [&](auto* twin) {
    using R = std::remove_pointer_t<decltype(twin)>;
    const int64_t pack = gpu::aligned16(y.data, x.data, twin) ? kElements : 1;
    gpu::launch(
        pack == 1 ? lerp_kernel<1, R> : lerp_kernel<kElements, R>,
        {.name = "lerp", .grid = gpu::grid_for(count, pack * kThreads), .block = kThreads, .stream = exec.stream},
        y.as<float>(), x.as<float>(), weight.as<float>(), twin, count);
  };
  if (narrow == DType::f16)
    run(static_cast<__half*>(rounded.data));
  else
    run(static_cast<__nv_bfloat16*>(rounded.data));
}

}  // namespace segue::kernels
