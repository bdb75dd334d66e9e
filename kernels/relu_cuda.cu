#include "elementwise.cuh"
#include "relu.h"

namespace segue::kernels {
namespace {

struct Relu {
  __device__ float operator()(float x) const { return x < 0.f ? 0.f : x; }
};

struct ReluGrad {
  __device__ float operator()(float dy, float y) const { return y > 0.f ? dy : 0.f; }
};

}  // namespace

void relu(const CudaExec& exec, const View& x, const View& y) {
  check_pitched(x, "relu", "x", x.dtype, x.shape);
  check_like(y, "relu", "y", x, "x");
  gpu::elementwise(exec, "relu", Relu{}, y, x);
}

void relu_grad(const CudaExec& exec, const View& dy, const View& y, const View& dx) {
  check_pitched(dy, "relu_grad", "dy", dy.dtype, dy.shape);
  check_like(y, "relu_grad", "y", dy, "dy");
  check_like(dx, "relu_grad", "dx", dy, "dy");
  gpu::elementwise(exec, "relu_grad", ReluGrad{}, dx, dy, y);
}

}  // namespace segue::kernels
