#include "elementwise.cuh"
#include "scale.h"

namespace segue::kernels {
namespace {

struct Scale {
  float factor;
  __device__ float operator()(float x) const { return factor * x; }
};

struct ScaleBy {
  const float* factor;
  __device__ float operator()(float x) const { return __ldg(factor) * x; }
};

}  // namespace

// Masked, because of factors below zero or not finite, which would not leave padding lanes at 0.
void scale(const CudaExec& exec, const View& x, float factor, const View& y) {
  check_pitched(x, "scale", "x", x.dtype, x.shape);
  check_like(y, "scale", "y", x, "x");
  gpu::masked_elementwise(exec, "scale", Scale{factor}, y, x);
}

void scale_by(const CudaExec& exec, const View& x, const View& s, const View& y) {
  check_pitched(x, "scale_by", "x", x.dtype, x.shape);
  check_view(s, "scale_by", "s", DType::f32, {});
  check_like(y, "scale_by", "y", x, "x");
  gpu::masked_elementwise(exec, "scale_by", ScaleBy{s.as<float>()}, y, x);
}

}  // namespace segue::kernels
