#include "elementwise.cuh"
#include "sigmoid.h"

namespace segue::kernels {
namespace {

struct Sigmoid {
  // exp(-x) may overflow: the quotient is then the 0 that it should be.
  __device__ float operator()(float x) const { return 1.f / (1.f + expf(-x)); }
};

struct SigmoidGrad {
  __device__ float operator()(float dy, float y) const { return dy * (y * (1.f - y)); }
};

}  // namespace

void sigmoid(const CudaExec& exec, const View& x, const View& y) {
  check_pitched(x, "sigmoid", "x", x.dtype, x.shape);
  check_like(y, "sigmoid", "y", x, "x");
  gpu::masked_elementwise(exec, "sigmoid", Sigmoid{}, y, x);
}

void sigmoid_grad(const CudaExec& exec, const View& dy, const View& y, const View& dx) {
  check_pitched(dy, "sigmoid_grad", "dy", dy.dtype, dy.shape);
  check_like(y, "sigmoid_grad", "y", dy, "dy");
  check_like(dx, "sigmoid_grad", "dx", dy, "dy");
  gpu::elementwise(exec, "sigmoid_grad", SigmoidGrad{}, dx, dy, y);
}

}  // namespace segue::kernels
