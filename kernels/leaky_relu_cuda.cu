#include "elementwise.cuh"
#include "leaky_relu.h"

namespace segue::kernels {
namespace {

struct LeakyRelu {
  float slope;
  __device__ float operator()(float x) const { return x < 0.f ? slope * x : x; }
};

struct LeakyReluGrad {
  float slope;
  __device__ float operator()(float dy, float y) const { return y > 0.f ? dy : slope * dy; }
};

void check_slope(float slope, const char* where) {
  require(slope > 0, where, "expects slope > 0, because the gradient is read off y; got ", slope);
}

}  // namespace

void leaky_relu(const CudaExec& exec, const View& x, const View& y, float slope) {
  check_pitched(x, "leaky_relu", "x", x.dtype, x.shape);
  check_like(y, "leaky_relu", "y", x, "x");
  check_slope(slope, "leaky_relu");
  gpu::elementwise(exec, "leaky_relu", LeakyRelu{slope}, y, x);
}

void leaky_relu_grad(const CudaExec& exec, const View& dy, const View& y, const View& dx, float slope) {
  check_pitched(dy, "leaky_relu_grad", "dy", dy.dtype, dy.shape);
  check_like(y, "leaky_relu_grad", "y", dy, "dy");
  check_like(dx, "leaky_relu_grad", "dx", dy, "dy");
  check_slope(slope, "leaky_relu_grad");
  gpu::elementwise(exec, "leaky_relu_grad", LeakyReluGrad{slope}, dx, dy, y);
}

}  // namespace segue::kernels
