#include "elementwise.h"
#include "scale.h"

namespace segue::kernels {
namespace {

void multiply(const float* in, float factor, float* o, int64_t n) {
  for_each_element(n, [=](int64_t i) { o[i] = factor * in[i]; });
}

}  // namespace

void scale(const CpuExec&, const View& x, float factor, const View& y) {
  check_dense(x, "scale", "x", DType::f32);
  check_view(y, "scale", "y", DType::f32, x.shape);
  multiply(x.as<float>(), factor, y.as<float>(), x.count());
}

void scale_by(const CpuExec&, const View& x, const View& s, const View& y) {
  check_dense(x, "scale_by", "x", DType::f32);
  check_view(s, "scale_by", "s", DType::f32, {});
  check_view(y, "scale_by", "y", DType::f32, x.shape);
  multiply(x.as<float>(), *s.as<float>(), y.as<float>(), x.count());
}

}  // namespace segue::kernels
