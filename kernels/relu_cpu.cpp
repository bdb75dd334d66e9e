#include "elementwise.h"
#include "relu.h"

namespace segue::kernels {

void relu(const CpuExec&, const View& x, const View& y) {
  check_dense(x, "relu", "x", DType::f32);
  check_view(y, "relu", "y", DType::f32, x.shape);
  const float* in = x.as<float>();
  float* o = y.as<float>();
  for_each_element(x.count(), [=](int64_t i) { o[i] = in[i] < 0.f ? 0.f : in[i]; });
}

void relu_grad(const CpuExec&, const View& dy, const View& y, const View& dx) {
  check_dense(dy, "relu_grad", "dy", DType::f32);
  check_view(y, "relu_grad", "y", DType::f32, dy.shape);
  check_view(dx, "relu_grad", "dx", DType::f32, dy.shape);
  const float *g = dy.as<float>(), *r = y.as<float>();
  float* o = dx.as<float>();
  for_each_element(dy.count(), [=](int64_t i) {
    const float d = g[i];  // read in any case: a load under a condition is not vectorised
    o[i] = r[i] > 0.f ? d : 0.f;
  });
}

}  // namespace segue::kernels
