#include "elementwise.h"
#include "leaky_relu.h"

namespace segue::kernels {
namespace {

void check_slope(float slope, const char* where) {
  require(slope > 0, where, "expects slope > 0, because the gradient is read off y; got ", slope);
}

}  // namespace

void leaky_relu(const CpuExec&, const View& x, const View& y, float slope) {
  check_dense(x, "leaky_relu", "x", DType::f32);
  check_view(y, "leaky_relu", "y", DType::f32, x.shape);
  check_slope(slope, "leaky_relu");
  const float* in = x.as<float>();
  float* o = y.as<float>();
  for_each_element(x.count(), [=](int64_t i) { o[i] = in[i] < 0.f ? slope * in[i] : in[i]; });
}

void leaky_relu_grad(const CpuExec&, const View& dy, const View& y, const View& dx, float slope) {
  check_dense(dy, "leaky_relu_grad", "dy", DType::f32);
  check_view(y, "leaky_relu_grad", "y", DType::f32, dy.shape);
  check_view(dx, "leaky_relu_grad", "dx", DType::f32, dy.shape);
  check_slope(slope, "leaky_relu_grad");
  const float *g = dy.as<float>(), *r = y.as<float>();
  float* o = dx.as<float>();
  for_each_element(dy.count(), [=](int64_t i) { o[i] = r[i] > 0.f ? g[i] : slope * g[i]; });
}

}  // namespace segue::kernels
