#include "device.cuh"
#include "loss_scale_step.h"

namespace segue::kernels {
namespace {

__global__ void __launch_bounds__(32)
    loss_scale_kernel(float* scale, int32_t* good_steps, const float* square_sum, LossScaleOptions options) {
  if (threadIdx.x == 0) adapt_loss_scale(scale, good_steps, *square_sum, options);
}

}  // namespace

void loss_scale(const CudaExec& exec, const View& scale, const View& good_steps, const View& square_sum,
                const LossScaleOptions& options) {
  check_loss_scale(scale, good_steps, square_sum, options);
  gpu::launch(loss_scale_kernel, {.name = "loss_scale", .block = 32, .stream = exec.stream}, scale.as<float>(),
              good_steps.as<int32_t>(), square_sum.as<float>(), options);
}

}  // namespace segue::kernels
