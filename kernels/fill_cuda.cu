#include "elementwise.cuh"
#include "fill.h"
#include "image_strips.cuh"

namespace segue::kernels {
namespace {

constexpr int kThreads = 256;
constexpr int kConverted = 8;  // elements of a thread at a time: whole packs of every type

struct Constant {
  float value;
  __device__ float operator()() const { return value; }
};

template <int N>
__global__ void __launch_bounds__(kThreads) copy_kernel(const uint8_t* x, uint8_t* y, int64_t bytes) {
  const int64_t first = int64_t(blockIdx.x) * kThreads + threadIdx.x, stride = int64_t(gridDim.x) * kThreads;
  const int64_t packs = bytes / N;
  for (int64_t i = first; i < packs; i += stride) gpu::store(y + i * N, gpu::load<N>(x + i * N));
  if (const int64_t i = packs * N + first; i < bytes) y[i] = x[i];
}

// Flat: both tensors have the same pitch.
template <int N, class X, class Y>
__global__ void __launch_bounds__(kThreads) convert_kernel(const X* x, Y* y, int64_t count) {
  const int64_t first = int64_t(blockIdx.x) * kThreads + threadIdx.x, stride = int64_t(gridDim.x) * kThreads;
  const int64_t packs = count / N;
  for (int64_t i = first; i < packs; i += stride) {
    float v[N];
    gpu::load_floats<N>(x + i * N, v);
    gpu::store_floats<N>(y + i * N, v);
  }
  if (const int64_t i = packs * N + first; i < count) y[i] = gpu::from_float<Y>(gpu::to_float(x[i]));
}

template <int N, class X, class Y>
__global__ void __launch_bounds__(gpu::kStripThreads)
    convert_pitch_kernel(const X* x, Y* y, gpu::ImageStrips strips, int x_pitch, int y_pitch, int channels) {
  gpu::for_strips<N>(strips, [=](const gpu::ImageStrip& at) {
    for (int64_t pixel = at.row; pixel < min(at.row + gpu::kStripRows, strips.height); ++pixel) {
      float v[N];
#pragma unroll
      for (int j = 0; j < N; ++j)
        v[j] = at.channel + j < channels ? gpu::to_float(x[pixel * x_pitch + at.channel + j]) : 0.f;
      gpu::store_floats<N>(y + pixel * y_pitch + at.channel, v);
    }
  });
}

bool is_float(DType t) { return t == DType::f32 || t == DType::bf16 || t == DType::f16; }

void copy_bytes(const CudaExec& exec, const View& x, const View& y) {
  const auto* from = static_cast<const uint8_t*>(x.data);
  auto* to = static_cast<uint8_t*>(y.data);
  const int64_t bytes = x.bytes();
  constexpr int N = gpu::kVector<uint8_t>;
  const int64_t pack = gpu::aligned16(from, to) ? N : 1;
  gpu::launch(pack == 1 ? copy_kernel<1> : copy_kernel<N>,
              {.name = "copy", .grid = gpu::grid_for(bytes, pack * kThreads), .block = kThreads, .stream = exec.stream},
              from, to, bytes);
}

template <class X, class Y>
void convert(const CudaExec& exec, const View& x, const View& y) {
  constexpr int N = kConverted;
  const X* from = x.as<X>();
  Y* to = y.as<Y>();
  if constexpr (!std::is_same_v<X, Y>)
    if (x.pitch == y.pitch && x.whole() && y.whole()) {
      const int64_t count = x.pixels() * x.pitch;
      const int64_t pack = gpu::aligned16(from, to) ? N : 1;
      gpu::launch(
          pack == 1 ? convert_kernel<1, X, Y> : convert_kernel<N, X, Y>,
          {.name = "copy", .grid = gpu::grid_for(count, pack * kThreads), .block = kThreads, .stream = exec.stream},
          from, to, count);
      return;
    }
  const int pack = y.pitch % N == 0 && gpu::aligned16(to) ? N : 1;
  const gpu::ImageStrips strips(1, y.pixels(), 1, y.lanes, pack);
  gpu::launch(pack == 1 ? convert_pitch_kernel<1, X, Y> : convert_pitch_kernel<N, X, Y>, strips.config("copy", exec),
              from, to, strips, int(x.pitch), int(y.pitch), int(y.channels()));
}

}  // namespace

void fill(const CudaExec& exec, const View& x, float value) {
  check_pitched(x, "fill", "x", x.dtype, x.shape);
  gpu::masked_elementwise(exec, "fill", Constant{value}, x);
}

void copy(const CudaExec& exec, const View& x, const View& y) {
  const bool alike = x.dtype == y.dtype && x.pitch == y.pitch && x.whole() && y.whole();
  require(x.shape == y.shape && (alike || (is_float(x.dtype) && is_float(y.dtype))), "copy", "expects y like x ",
          x.shape, " ", x.dtype, "; got ", y.shape, " ", y.dtype);
  if (x.count() == 0) return;
  if (alike) return copy_bytes(exec, x, y);
  gpu::dispatch_float(x.dtype, "copy", [&](auto from) {
    gpu::dispatch_float(y.dtype, "copy", [&](auto to) { convert<decltype(from), decltype(to)>(exec, x, y); });
  });
}

}  // namespace segue::kernels
