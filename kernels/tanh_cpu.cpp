#include "elementwise.h"
#include "tanh.h"
#include "vmath.h"

namespace segue::kernels {

void tanh(const CpuExec&, const View& x, const View& y) {
  check_dense(x, "tanh", "x", DType::f32);
  check_view(y, "tanh", "y", DType::f32, x.shape);
  const float* in = x.as<float>();
  float* o = y.as<float>();
  for_each_element(x.count(), [=](int64_t i) { o[i] = vtanh(in[i]); });
}

void tanh_grad(const CpuExec&, const View& dy, const View& y, const View& dx) {
  check_dense(dy, "tanh_grad", "dy", DType::f32);
  check_view(y, "tanh_grad", "y", DType::f32, dy.shape);
  check_view(dx, "tanh_grad", "dx", DType::f32, dy.shape);
  const float *g = dy.as<float>(), *r = y.as<float>();
  float* o = dx.as<float>();
  for_each_element(dy.count(), [=](int64_t i) { o[i] = g[i] * ((1.f - r[i]) * (1.f + r[i])); });
}

}  // namespace segue::kernels
