#include "class_lanes.cuh"
#include "softmax.h"

namespace segue::kernels {
namespace {

// y may be x: a warp has read its pixels before it writes them.
template <class L>
__global__ void __launch_bounds__(gpu::kClassThreads)
    softmax_kernel(const typename L::Type* x, typename L::Type* y, int64_t pixels, int pitch, int classes) {
  gpu::for_pixels<L>(pixels, [=](gpu::ClassPlace<L> place) {
    float z[L::kValues];
    gpu::read_logits(x, pitch, classes, place, z);
    const float share = 1.f / gpu::softmax_sum<L>(z, gpu::class_max<L>(z), classes, place);
    gpu::write_classes(y, pitch, classes, place, [&](int i) { return z[i] * share; });
  });
}

// dx may be dy, likewise.
template <class L>
__global__ void __launch_bounds__(gpu::kClassThreads)
    softmax_grad_kernel(const typename L::Type* dy, const typename L::Type* y, typename L::Type* dx, int64_t pixels,
                        int pitch, int classes) {
  gpu::for_pixels<L>(pixels, [=](gpu::ClassPlace<L> place) {
    float g[L::kValues], p[L::kValues];
    gpu::read_classes(dy, pitch, place, g);
    gpu::read_classes(y, pitch, place, p);
    float dot = 0.f;
#pragma unroll
    for (int i = 0; i < L::kValues; ++i) dot += g[i] * p[i];
    dot = gpu::group_sum<L::kGroup>(dot);
    gpu::write_classes(dx, pitch, classes, place, [&](int i) { return p[i] * (g[i] - dot); });
  });
}

}  // namespace

void softmax(const CudaExec& exec, const View& x, const View& y) {
  gpu::class_map(x, "softmax");
  check_like(y, "softmax", "y", x, "x");
  if (x.count() == 0) return;
  gpu::dispatch_classes<1, 32>(
      x, "softmax",
      [&](auto layout) {
        using L = decltype(layout);
        using T = typename L::Type;
        gpu::launch(softmax_kernel<L>, gpu::class_config<L>("softmax", exec.stream, x.pixels()), x.as<T>(), y.as<T>(),
                    x.pixels(), int(x.pitch), int(x.channels()));
      },
      y.data);
}

void softmax_grad(const CudaExec& exec, const View& dy, const View& y, const View& dx) {
  gpu::class_map(dy, "softmax_grad");
  check_like(y, "softmax_grad", "y", dy, "dy");
  check_like(dx, "softmax_grad", "dx", dy, "dy");
  if (dy.count() == 0) return;
  gpu::dispatch_classes<2, 32>(
      dy, "softmax_grad",
      [&](auto layout) {
        using L = decltype(layout);
        using T = typename L::Type;
        gpu::launch(softmax_grad_kernel<L>, gpu::class_config<L>("softmax_grad", exec.stream, dy.pixels()), dy.as<T>(),
                    y.as<T>(), dx.as<T>(), dy.pixels(), int(dy.pitch), int(dy.channels()));
      },
      y.data, dx.data);
}

}  // namespace segue::kernels
