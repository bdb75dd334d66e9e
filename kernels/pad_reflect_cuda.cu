#include "image_map.cuh"
#include "pad_reflect.h"
#include "reflect.cuh"

namespace segue::kernels {
namespace {

__device__ __forceinline__ int64_t reflect(int64_t i, int64_t extent) {
  return i < 0 ? -i : i < extent ? i : 2 * (extent - 1) - i;
}

struct Reflect {
  int64_t pad, height, width;  // height and width of x
  __device__ int64_t row(int64_t h) const { return reflect(h - pad, height); }
  __device__ int64_t column(int64_t w) const { return reflect(w - pad, width); }
};

// Strips of dx. All pixels have one copy of their own, whose loads are in flight together; those near a border add the
// mirrored ones.
template <class T, int N>
__global__ void __launch_bounds__(gpu::kStripThreads)
    pad_reflect_grad_kernel(const T* dy, T* dx, gpu::ImageStrips strips, int64_t width, int pitch, int64_t pad) {
  gpu::for_strips<N>(strips, [&](const gpu::ImageStrip& at) {
    const int64_t height = strips.height, padded_width = width + 2 * pad;
    const T* from = dy + at.image * (height + 2 * pad) * padded_width * pitch + at.channel;
    T* to = dx + ((at.image * height + at.row) * width + at.column) * pitch + at.channel;
    gpu::Pack<T, N> own[gpu::kStripRows];
#pragma unroll
    for (int r = 0; r < gpu::kStripRows; ++r)
      own[r] =
          gpu::load_if<N>(at.row + r < height, from + ((at.row + r + pad) * padded_width + at.column + pad) * pitch);
    const bool column_near = gpu::near_border<int64_t>(at.column, width, pad);
#pragma unroll
    for (int r = 0; r < gpu::kStripRows; ++r) {
      const int64_t row = at.row + r;
      if (row >= height) break;
      if (column_near || gpu::near_border<int64_t>(row, height, pad)) {
        float sum[N];
        gpu::to_floats(own[r], sum);
#pragma unroll 1
        for (int k = 1; k < 9; ++k) {
          const int64_t i = gpu::copy_of<int64_t>(row, height, pad, k / 3),
                        j = gpu::copy_of<int64_t>(at.column, width, pad, k % 3);
          if (i < 0 || j < 0) continue;
          float v[N];
          gpu::load_floats<N>(from + (i * padded_width + j) * pitch, v);
#pragma unroll
          for (int l = 0; l < N; ++l) sum[l] += v[l];
        }
        own[r] = gpu::from_floats<T>(sum);
      }
      gpu::store(to + r * width * pitch, own[r]);
    }
  });
}

/// The image `small` and the padded image `large`.
void check(const char* where, const char* small_name, const View& small, const char* large_name, const View& large,
           int64_t pad) {
  check_pitched(small, where, small_name, small.dtype, small.shape);
  const Shape& s = small.shape;
  require(s.dims() == 4, where, "expects ", small_name, " (N,H,W,C); got ", s);
  require(pad >= 0 && pad < s[1] && pad < s[2], where, "expects 0 <= pad < height and width; got pad ", pad, " for ",
          small_name, " ", s);
  check_like(large, where, large_name, {s[0], s[1] + 2 * pad, s[2] + 2 * pad, s[3]}, small, small_name);
}

}  // namespace

void pad_reflect(const CudaExec& exec, const View& x, const View& y, int64_t pad) {
  check("pad_reflect", "x", x, "y", y, pad);
  gpu::map_image(exec, "pad_reflect", x, y, Reflect{pad, x.shape[1], x.shape[2]});
}

void pad_reflect_grad(const CudaExec& exec, const View& dy, const View& dx, int64_t pad) {
  check("pad_reflect_grad", "dx", dx, "dy", dy, pad);
  if (dx.count() == 0) return;
  gpu::dispatch_float(dx.dtype, "pad_reflect_grad", [&](auto zero) {
    using T = decltype(zero);
    const auto run = [&](auto kernel, int pack) {
      const gpu::ImageStrips strips(dx.shape[0], dx.shape[1], dx.shape[2], dx.pitch, pack);
      gpu::launch(kernel, strips.config("pad_reflect_grad", exec), dy.as<T>(), dx.as<T>(), strips, dx.shape[2],
                  int(dx.pitch), pad);
    };
    constexpr int N = gpu::kVector<T>;
    if (dx.pitch % N == 0 && gpu::aligned16(dy.data, dx.data))
      run(pad_reflect_grad_kernel<T, N>, N);
    else
      run(pad_reflect_grad_kernel<T, 1>, 1);
  });
}

}  // namespace segue::kernels
