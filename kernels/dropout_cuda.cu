#include "dropout.h"
#include "fill.h"
#include "image_strips.cuh"

namespace segue::kernels {
namespace {

/// What every thread needs to make its factors.
struct Draw {
  RandomKey key;
  const uint64_t* step;
  float rate, scale;
};

/// Factors of the N elements from `element` on: 0 or `scale`. The words of these elements may begin within a quad.
template <int N>
__device__ __forceinline__ void draw_factors(const Draw& draw, uint64_t step, uint64_t element, float (&factor)[N]) {
  constexpr int kQuads = (N + 3) / 4;
  const uint64_t quad = element / 4;
  const int skip = int(element % 4);
  uint32_t words[4 * kQuads + 3] = {};
#pragma unroll
  for (int q = 0; q < kQuads; ++q) {
    const Philox4 four = random_quad(draw.key, step, quad + uint64_t(q));
#pragma unroll
    for (int k = 0; k < 4; ++k) words[4 * q + k] = four.v[k];
  }
  if (N > 1 && skip > 0) {
    const Philox4 four = random_quad(draw.key, step, quad + kQuads);
#pragma unroll
    for (int k = 0; k < 3; ++k) words[4 * kQuads + k] = four.v[k];
  }
#pragma unroll
  for (int j = 0; j < N; ++j) {
    const uint32_t low = skip & 1 ? words[j + 1] : words[j], high = skip & 1 ? words[j + 3] : words[j + 2];
    factor[j] = to_uniform(skip & 2 ? high : low) >= draw.rate ? draw.scale : 0.f;
  }
}

// A value that is dropped is 0 even if x is not finite: a select, not a product.
template <int N>
__device__ __forceinline__ void apply(const float (&factor)[N], float (&v)[N]) {
#pragma unroll
  for (int j = 0; j < N; ++j) v[j] = factor[j] == 0.f ? 0.f : v[j] * factor[j];
}

// Strips of pixels: all of them as one image for elements, image by image for channels. What padding lanes draw does
// not matter.
template <class T, int N, bool kWholeChannels>
__global__ void __launch_bounds__(gpu::kStripThreads)
    dropout_kernel(const T* x, T* y, gpu::ImageStrips strips, int channels, int pitch, Draw draw) {
  const uint64_t step = *draw.step;
  gpu::for_strips<N>(strips, [&](const gpu::ImageStrip& at) {
    const int64_t pixel = at.image * strips.height + at.row,
                  end = min(at.row + gpu::kStripRows, strips.height) - at.row;
    float factor[N], v[N];
    if (kWholeChannels) draw_factors<N>(draw, step, uint64_t(at.image * channels + at.channel), factor);
    for (int64_t r = 0; r < end; ++r) {
      if (!kWholeChannels) draw_factors<N>(draw, step, uint64_t((pixel + r) * channels + at.channel), factor);
      const int64_t i = (pixel + r) * pitch + at.channel;
      gpu::load_floats<N>(x + i, v);
      apply<N>(factor, v);
      gpu::store_floats<N>(y + i, v);
    }
  });
}

void run(const CudaExec& exec, const char* where, const char* x_name, const View& x, const char* y_name, const View& y,
         float rate, DropoutMode mode, RandomKey key, const View& step) {
  check_pitched(x, where, x_name, x.dtype, x.shape);
  check_like(y, where, y_name, x, x_name);
  check_view(step, where, "step", DType::u64, {});
  require(rate >= 0.f && rate < 1.f, where, "expects a rate in [0, 1); got ", rate);
  if (rate == 0.f) {
    if (x.data != y.data) copy(exec, x, y);
    return;
  }
  const bool whole = mode == DropoutMode::channel;
  require(!whole || x.shape.dims() >= 2, where, "expects ", x_name, " (N,...,C) to drop channels; got ", x.shape);
  if (x.count() == 0) return;
  const int64_t images = whole ? x.shape[0] : 1;
  gpu::dispatch_float(x.dtype, where, [&](auto zero) {
    using T = decltype(zero);
    const auto launch = [&](auto kernel, int pack) {
      const gpu::ImageStrips strips(images, x.pixels() / images, 1, x.pitch, pack);
      gpu::launch(kernel, strips.config(where, exec), x.as<T>(), y.as<T>(), strips, int(x.channels()), int(x.pitch),
                  Draw{key, step.as<uint64_t>(), rate, 1.f / (1.f - rate)});
    };
    constexpr int N = gpu::kVector<T>;
    if (x.pitch % N == 0 && gpu::aligned16(x.data, y.data))
      launch(whole ? dropout_kernel<T, N, true> : dropout_kernel<T, N, false>, N);
    else
      launch(whole ? dropout_kernel<T, 1, true> : dropout_kernel<T, 1, false>, 1);
  });
}

}  // namespace

void dropout(const CudaExec& exec, const View& x, const View& y, float rate, DropoutMode mode, RandomKey key,
             const View& step) {
  run(exec, "dropout", "x", x, "y", y, rate, mode, key, step);
}

void dropout_grad(const CudaExec& exec, const View& dy, const View& dx, float rate, DropoutMode mode, RandomKey key,
                  const View& step) {
  run(exec, "dropout_grad", "dy", dy, "dx", dx, rate, mode, key, step);
}

}  // namespace segue::kernels
