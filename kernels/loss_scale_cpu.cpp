#include "loss_scale_step.h"

namespace segue::kernels {

void loss_scale(const CpuExec&, const View& scale, const View& good_steps, const View& square_sum,
                const LossScaleOptions& options) {
  check_loss_scale(scale, good_steps, square_sum, options);
  adapt_loss_scale(scale.as<float>(), good_steps.as<int32_t>(), *square_sum.as<float>(), options);
}

}  // namespace segue::kernels
