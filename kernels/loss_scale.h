// The factor that keeps gradients of f16 training above the smallest f16 numbers.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue {

struct LossScaleOptions {
  float growth = 2.f;          ///< of the scale after growth_interval good steps
  float backoff = 0.5f;        ///< of the scale after a step whose gradient is not finite
  int growth_interval = 2000;  ///< good steps in a row
  float largest = 16777216.f;  ///< 2^24: the scale stays below, or at it
};

namespace kernels {

/// Adapts the loss scale after a step: down as soon as the gradient overflows, up after many good steps.
///
///   square_sum finite:  good_steps += 1; if good_steps = growth_interval:
///                       scale = min(growth scale, largest), good_steps = 0
///   else:               scale = backoff scale, good_steps = 0
///
/// scale       () f32   inout  what the loss was multiplied by, and will be in the next step
/// good_steps  () i32   inout  steps since the scale last changed, or an overflow
/// square_sum  () f32   in     sum of squares of the gradient of scale times the loss; inf or NaN: it has overflowed
/// Throws   invalid_argument if shapes or types disagree, or the options make no sense.
/// Traffic  three numbers.  Deterministic. Capture-safe.
/// Source   Micikevicius et al. 2018, arXiv:1710.03740, section 3.2; PyTorch's torch.cuda.amp.GradScaler.
void loss_scale(const CpuExec& exec, const View& scale, const View& good_steps, const View& square_sum,
                const LossScaleOptions& options);
void loss_scale(const CudaExec& exec, const View& scale, const View& good_steps, const View& square_sum,
                const LossScaleOptions& options);

}  // namespace kernels
}  // namespace segue
