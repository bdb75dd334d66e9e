#include "elementwise.cuh"
#include "tanh.h"

namespace segue::kernels {
namespace {

struct Tanh {
  __device__ float operator()(float x) const { return tanhf(x); }
};

struct TanhGrad {
  __device__ float operator()(float dy, float y) const { return dy * ((1.f - y) * (1.f + y)); }
};

}  // namespace

void tanh(const CudaExec& exec, const View& x, const View& y) {
  check_pitched(x, "tanh", "x", x.dtype, x.shape);
  check_like(y, "tanh", "y", x, "x");
  gpu::elementwise(exec, "tanh", Tanh{}, y, x);
}

void tanh_grad(const CudaExec& exec, const View& dy, const View& y, const View& dx) {
  check_pitched(dy, "tanh_grad", "dy", dy.dtype, dy.shape);
  check_like(y, "tanh_grad", "y", dy, "dy");
  check_like(dx, "tanh_grad", "dx", dy, "dy");
  gpu::elementwise(exec, "tanh_grad", TanhGrad{}, dx, dy, y);
}

}  // namespace segue::kernels
