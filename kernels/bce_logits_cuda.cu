#include "bce_logits.h"
#include "mean_loss.cuh"

namespace segue::kernels {
namespace {

struct CrossEntropy {
  float target;
  // Both as sums of terms of one sign: (1 - target) max(x, 0) + target max(-x, 0) is max(x, 0) - x target, and
  // (1 - target) sigmoid(x) - target sigmoid(-x) is sigmoid(x) - target, but nothing cancels.
  __device__ gpu::LossTerm operator()(float x, float) const {
    const float rest = 1.f - target, e = expf(-fabsf(x)), more = 1.f / (1.f + e), less = e * more;
    const float value = (x > 0.f ? rest : target) * fabsf(x) + log1pf(e);
    return {value, x > 0.f ? rest * more - target * less : rest * less - target * more};
  }
};

}  // namespace

void bce_logits(const CudaExec& exec, const View& x, float target, const View& loss, const View& dx) {
  gpu::check_mean_loss("bce_logits", x, loss, dx);
  require(target >= 0.f && target <= 1.f, "bce_logits", "expects a target in [0, 1]; got ", target);
  gpu::mean_loss(exec, "bce_logits", CrossEntropy{target}, x, View(), loss, dx);
}

}  // namespace segue::kernels
