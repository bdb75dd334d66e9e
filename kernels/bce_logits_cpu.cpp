#include "bce_logits.h"
#include "mean_loss.h"
#include "vmath.h"

namespace segue::kernels {

void bce_logits(const CpuExec& exec, const View& x, float target, const View& loss, const View& dx) {
  check_mean_loss("bce_logits", x, loss, dx);
  require(target >= 0.f && target <= 1.f, "bce_logits", "expects a target in [0, 1]; got ", target);
  const float* a = x.as<float>();
  mean_loss(
      exec, x.count(), loss, dx,
      [=](int64_t i) {
        // (1 - target) max(x, 0) + target max(-x, 0): the same as max(x, 0) - x target, but nothing cancels.
        const float z = a[i], up = z > 0.f ? z : 0.f, down = z < 0.f ? -z : 0.f;
        return (1.f - target) * up + target * down + vlog1p(vexp(-(up + down)));
      },
      [=](int64_t i) {
        // sigmoid(x) - target = (1 - target) sigmoid(x) - target sigmoid(-x)
        return (1.f - target) * vsigmoid(a[i]) - target * vsigmoid(-a[i]);
      });
}

}  // namespace segue::kernels
