#include "l1.h"
#include "mean_loss.h"

namespace segue::kernels {

void l1(const CpuExec& exec, const View& x, const View& target, const View& loss, const View& dx) {
  check_mean_loss("l1", x, loss, dx);
  check_view(target, "l1", "target", DType::f32, x.shape);
  const float *a = x.as<float>(), *b = target.as<float>();
  mean_loss(
      exec, x.count(), loss, dx,
      [=](int64_t i) {
        const float d = a[i] - b[i];
        return d < 0.f ? -d : d;
      },
      [=](int64_t i) { return (a[i] > b[i] ? 1.f : 0.f) - (a[i] < b[i] ? 1.f : 0.f); });
}

}  // namespace segue::kernels
