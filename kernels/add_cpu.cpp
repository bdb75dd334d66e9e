#include "add.h"
#include "elementwise.h"

namespace segue::kernels {

void add(const CpuExec&, const View& a, const View& b, const View& y) {
  check_dense(a, "add", "a", DType::f32);
  check_view(b, "add", "b", DType::f32, a.shape);
  check_view(y, "add", "y", DType::f32, a.shape);
  const float *p = a.as<float>(), *q = b.as<float>();
  float* o = y.as<float>();
  for_each_element(a.count(), [=](int64_t i) { o[i] = p[i] + q[i]; });
}

}  // namespace segue::kernels
