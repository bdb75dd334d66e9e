#include "image_strips.cuh"
#include "phases.h"

namespace segue::kernels {
namespace {

/// Images and their phases.
struct PhaseMap {
  int64_t height, width;              // of an image
  int64_t phase_height, phase_width;  // of a phase
  gpu::Divisor factor;
  int pitch, phase_pitch;
};

// Strips of phases.
template <class T, int N>
__global__ void __launch_bounds__(gpu::kStripThreads)
    to_phases_kernel(const T* x, T* phases, gpu::ImageStrips strips, PhaseMap map) {
  gpu::for_strips<N>(strips, [&](const gpu::ImageStrip& at) {
    int64_t a, b;
    const int64_t image = map.factor.divide(map.factor.divide(at.image, b), a), factor = map.factor.value();
    const int64_t column = at.column * factor + b, pitch = map.phase_pitch;
    const T* from = x + (image * map.height * map.width + column) * map.pitch + at.channel;
    T* to = phases + ((at.image * map.phase_height + at.row) * map.phase_width + at.column) * pitch + at.channel;
    gpu::Pack<T, N> v[gpu::kStripRows];
#pragma unroll
    for (int r = 0; r < gpu::kStripRows; ++r) {
      const int64_t row = (at.row + r) * factor + a;
      v[r] = gpu::load_if<N>(row < map.height && column < map.width, from + row * map.width * map.pitch);
    }
#pragma unroll
    for (int r = 0; r < gpu::kStripRows; ++r)
      if (at.row + r < map.phase_height) gpu::store(to + r * map.phase_width * pitch, v[r]);
  });
}

// Strips of images, of the lanes that phases have.
template <class T, int N, bool kAccumulate>
__global__ void __launch_bounds__(gpu::kStripThreads)
    from_phases_kernel(const T* phases, T* y, gpu::ImageStrips strips, PhaseMap map) {
  gpu::for_strips<N>(strips, [&](const gpu::ImageStrip& at) {
    int64_t b;
    const int64_t column = map.factor.divide(at.column, b), factor = map.factor.value(), pitch = map.phase_pitch;
    const T* from = phases + column * pitch + at.channel;
    T* to = y + ((at.image * map.height + at.row) * map.width + at.column) * map.pitch + at.channel;
    gpu::Pack<T, N> v[gpu::kStripRows], before[gpu::kStripRows];
#pragma unroll
    for (int r = 0; r < gpu::kStripRows; ++r) {
      int64_t a;
      const int64_t row = map.factor.divide(at.row + r, a), phase = (at.image * factor + a) * factor + b;
      const bool exists = at.row + r < map.height;
      v[r] = gpu::load_if<N>(exists, from + (phase * map.phase_height + row) * map.phase_width * pitch);
      if constexpr (kAccumulate) before[r] = gpu::load_if<N>(exists, to + r * map.width * map.pitch);
    }
#pragma unroll
    for (int r = 0; r < gpu::kStripRows; ++r) {
      if (at.row + r >= map.height) break;
      if constexpr (kAccumulate) {
        float sum[N], more[N];
        gpu::to_floats(before[r], sum);
        gpu::to_floats(v[r], more);
#pragma unroll
        for (int j = 0; j < N; ++j) sum[j] += more[j];
        v[r] = gpu::from_floats<T>(sum);
      }
      gpu::store(to + r * map.width * map.pitch, v[r]);
    }
  });
}

void check(const char* where, const View& images, const View& phases, int64_t factor) {
  check_pitched_or_slice(images, where, "images", images.dtype, images.shape);
  check_pitched(phases, where, "phases", images.dtype, phases.shape);
  check_phases(where, images.shape, phases.shape, factor);
  require(images.whole() ? images.pitch == phases.pitch : phases.dense(), where,
          "expects images and phases at one pitch, or of a slice phases without padding lanes; got pitches ",
          images.pitch, " and ", phases.pitch, " for ", phases.channels(), " channels");
}

/// Calls run(T{}, pack, map), `pack` an integral constant.
template <class F>
void dispatch(const char* where, const View& images, const View& phases, int64_t factor, F run) {
  const Shape &s = images.shape, &p = phases.shape;
  const PhaseMap map{s[1], s[2], p[1], p[2], gpu::Divisor(factor), int(images.pitch), int(phases.pitch)};
  gpu::dispatch_float(images.dtype, where, [&](auto zero) {
    constexpr int N = gpu::kVector<decltype(zero)>;
    if (images.pitch % N == 0 && phases.pitch % N == 0 && gpu::aligned16(images.data, phases.data))
      run(zero, std::integral_constant<int, N>{}, map);
    else
      run(zero, std::integral_constant<int, 1>{}, map);
  });
}

}  // namespace

void to_phases(const CudaExec& exec, const View& x, const View& y, int64_t factor) {
  check("to_phases", x, y, factor);
  if (y.count() == 0) return;
  dispatch("to_phases", x, y, factor, [&](auto zero, auto pack, const PhaseMap& map) {
    using T = decltype(zero);
    constexpr int N = pack;
    const gpu::ImageStrips strips(y.shape[0], y.shape[1], y.shape[2], y.pitch, N);
    gpu::launch(to_phases_kernel<T, N>, strips.config("to_phases", exec), x.as<T>(), y.as<T>(), strips, map);
  });
}

void from_phases(const CudaExec& exec, const View& x, const View& y, int64_t factor, bool accumulate) {
  check("from_phases", y, x, factor);
  if (y.count() == 0) return;
  dispatch("from_phases", y, x, factor, [&](auto zero, auto pack, const PhaseMap& map) {
    using T = decltype(zero);
    constexpr int N = pack;
    const gpu::ImageStrips strips(y.shape[0], y.shape[1], y.shape[2], x.pitch, N);
    gpu::launch(accumulate ? from_phases_kernel<T, N, true> : from_phases_kernel<T, N, false>,
                strips.config("from_phases", exec), x.as<T>(), y.as<T>(), strips, map);
  });
}

}  // namespace segue::kernels
