#include "conv_phases.h"
#include "image_strips.cuh"

namespace segue::kernels::conv {
namespace {

/// Images and their phases.
struct PhaseMap {
  int64_t height, width;              // of an image
  int64_t phase_height, phase_width;  // of a phase
  gpu::Divisor factor;
};

// Strips of phases.
template <class T, int N>
__global__ void __launch_bounds__(gpu::kStripThreads)
    to_phases_kernel(const T* x, T* phases, gpu::ImageStrips strips, PhaseMap map, int pitch) {
  gpu::for_strips<N>(strips, [&](const gpu::ImageStrip& at) {
    int64_t a, b;
    const int64_t image = map.factor.divide(map.factor.divide(at.image, b), a), factor = map.factor.value();
    const int64_t column = at.column * factor + b;
    const T* from = x + (image * map.height * map.width + column) * pitch + at.channel;
    T* to = phases + ((at.image * map.phase_height + at.row) * map.phase_width + at.column) * pitch + at.channel;
    gpu::Pack<T, N> v[gpu::kStripRows];
#pragma unroll
    for (int r = 0; r < gpu::kStripRows; ++r) {
      const int64_t row = (at.row + r) * factor + a;
      v[r] = gpu::load_if<N>(row < map.height && column < map.width, from + row * map.width * pitch);
    }
#pragma unroll
    for (int r = 0; r < gpu::kStripRows; ++r)
      if (at.row + r < map.phase_height) gpu::store(to + r * map.phase_width * pitch, v[r]);
  });
}

// Strips of images.
template <class T, int N>
__global__ void __launch_bounds__(gpu::kStripThreads)
    from_phases_kernel(const T* phases, T* y, gpu::ImageStrips strips, PhaseMap map, int pitch) {
  gpu::for_strips<N>(strips, [&](const gpu::ImageStrip& at) {
    int64_t b;
    const int64_t column = map.factor.divide(at.column, b), factor = map.factor.value();
    const T* from = phases + column * pitch + at.channel;
    T* to = y + ((at.image * map.height + at.row) * map.width + at.column) * pitch + at.channel;
    gpu::Pack<T, N> v[gpu::kStripRows];
#pragma unroll
    for (int r = 0; r < gpu::kStripRows; ++r) {
      int64_t a;
      const int64_t row = map.factor.divide(at.row + r, a), phase = (at.image * factor + a) * factor + b;
      v[r] =
          gpu::load_if<N>(at.row + r < map.height, from + (phase * map.phase_height + row) * map.phase_width * pitch);
    }
#pragma unroll
    for (int r = 0; r < gpu::kStripRows; ++r)
      if (at.row + r < map.height) gpu::store(to + r * map.width * pitch, v[r]);
  });
}

void check_images(const char* where, const View& v, int64_t factor, int64_t height, int64_t width) {
  check_pitched(v, where, "images", v.dtype, v.shape);
  require(v.shape.dims() == 4 && factor >= 1 && height * factor >= v.shape[1] && width * factor >= v.shape[2], where,
          "expects images (N,H,W,C) of at most ", height, "x", width, " pixels a phase, ", factor, " each way; got ",
          v.shape);
}

}  // namespace

void to_phases(const CudaExec& exec, const View& x, int64_t factor, int64_t height, int64_t width, void* phases) {
  check_images("to_phases", x, factor, height, width);
  if (x.count() == 0) return;
  const PhaseMap map{x.shape[1], x.shape[2], height, width, gpu::Divisor(factor)};
  gpu::dispatch_float(x.dtype, "to_phases", [&](auto zero) {
    using T = decltype(zero);
    const auto run = [&](auto kernel, int pack) {
      const gpu::ImageStrips strips(x.shape[0] * factor * factor, height, width, x.pitch, pack);
      gpu::launch(kernel, strips.config("to_phases", exec), x.as<T>(), static_cast<T*>(phases), strips, map,
                  int(x.pitch));
    };
    constexpr int N = gpu::kVector<T>;
    if (x.pitch % N == 0 && gpu::aligned16(x.data, phases))
      run(to_phases_kernel<T, N>, N);
    else
      run(to_phases_kernel<T, 1>, 1);
  });
}

void from_phases(const CudaExec& exec, const void* phases, int64_t factor, int64_t height, int64_t width,
                 const View& y) {
  check_images("from_phases", y, factor, height, width);
  if (y.count() == 0) return;
  const PhaseMap map{y.shape[1], y.shape[2], height, width, gpu::Divisor(factor)};
  gpu::dispatch_float(y.dtype, "from_phases", [&](auto zero) {
    using T = decltype(zero);
    const auto run = [&](auto kernel, int pack) {
      const gpu::ImageStrips strips(y.shape[0], y.shape[1], y.shape[2], y.pitch, pack);
      gpu::launch(kernel, strips.config("from_phases", exec), static_cast<const T*>(phases), y.as<T>(), strips, map,
                  int(y.pitch));
    };
    constexpr int N = gpu::kVector<T>;
    if (y.pitch % N == 0 && gpu::aligned16(y.data, phases))
      run(from_phases_kernel<T, N>, N);
    else
      run(from_phases_kernel<T, 1>, 1);
  });
}

}  // namespace segue::kernels::conv
