// Images whose pixels are those of another image in another place: crop, flip, padding.
#pragma once

#include "image_strips.cuh"

namespace segue::gpu {
inline namespace SEGUE_GPU_BACKEND {

/// y[n,h,w] = x[n, map.row(h), map.column(w)], or `outside` in all channels where one of the two is negative.
template <class T, int N, class Map>
__global__ void __launch_bounds__(kStripThreads)
    image_map_kernel(const T* x, T* y, ImageStrips strips, int64_t x_height, int64_t x_width, int64_t y_width,
                     int channels, int pitch, Map map, float outside) {
  for_strips<N>(strips, [&](const ImageStrip& at) {
    const int64_t column = map.column(at.column);
    const T* from = x + (at.image * x_height * x_width + column) * pitch + at.channel;
    T* to = y + ((at.image * strips.height + at.row) * y_width + at.column) * pitch + at.channel;
    float border[N];
#pragma unroll
    for (int j = 0; j < N; ++j) border[j] = at.channel + j < channels ? outside : 0.f;
    const Pack<T, N> border_pack = from_floats<T>(border);
    Pack<T, N> v[kStripRows];
#pragma unroll
    for (int r = 0; r < kStripRows; ++r) {
      const int64_t row = at.row + r < strips.height ? map.row(at.row + r) : -1;
      v[r] = load_or<N>(row >= 0 && column >= 0, from + row * x_width * pitch, border_pack);
    }
#pragma unroll
    for (int r = 0; r < kStripRows; ++r)
      if (at.row + r < strips.height) store(to + r * y_width * pitch, v[r]);
  });
}

/// Both images are (N,H,W,C), of one type and pitch.
template <class Map>
void map_image(const CudaExec& exec, const char* name, const View& x, const View& y, const Map& map,
               float outside = 0.f) {
  if (y.count() == 0) return;
  dispatch_float(x.dtype, name, [&](auto zero) {
    using T = decltype(zero);
    const auto run = [&](auto kernel, int pack) {
      const ImageStrips strips(y.shape[0], y.shape[1], y.shape[2], y.pitch, pack);
      launch(kernel, strips.config(name, exec), x.as<T>(), y.as<T>(), strips, x.shape[1], x.shape[2], y.shape[2],
             int(y.channels()), int(y.pitch), map, outside);
    };
    constexpr int N = kVector<T>;
    if (y.pitch % N == 0 && aligned16(x.data, y.data))
      run(image_map_kernel<T, N, Map>, N);
    else
      run(image_map_kernel<T, 1, Map>, 1);
  });
}

}  // namespace SEGUE_GPU_BACKEND
}  // namespace segue::gpu
