#include "elementwise.h"
#include "lerp.h"

namespace segue::kernels {

void lerp(const CpuExec&, const View& y, const View& x, const View& weight, const View& rounded) {
  check_dense(y, "lerp", "y", DType::f32);
  check_view(x, "lerp", "x", DType::f32, y.shape);
  check_view(weight, "lerp", "weight", DType::f32, {});
  require(!rounded, "lerp", "expects no rounded twin on the CPU; got one of ", rounded.dtype);
  const float* in = x.as<float>();
  float* o = y.as<float>();
  const float w = *weight.as<float>();
  if (w == 1.f) {
    for_each_element(y.count(), [=](int64_t i) { o[i] = in[i]; });
  } else {
    for_each_element(y.count(), [=](int64_t i) { o[i] += w * (in[i] - o[i]); });
  }
}

}  // namespace segue::kernels
