#include "lsgan.h"
#include "mean_loss.h"

namespace segue::kernels {

void lsgan(const CpuExec& exec, const View& x, float target, const View& loss, const View& dx) {
  check_mean_loss("lsgan", x, loss, dx);
  const float* a = x.as<float>();
  mean_loss(
      exec, x.count(), loss, dx,
      [=](int64_t i) {
        const float d = a[i] - target;
        return d * d;
      },
      [=](int64_t i) { return 2.f * (a[i] - target); });
}

}  // namespace segue::kernels
