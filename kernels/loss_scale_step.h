// The rule of loss_scale, for the CPU and for CUDA.
#pragma once

#include <cfloat>
#include <cstdint>

#include "host_device.h"
#include "loss_scale.h"

namespace segue::kernels {

SEGUE_HOST_DEVICE void adapt_loss_scale(float* scale, int32_t* good_steps, float square_sum,
                                        const LossScaleOptions& o) {
  if (!(square_sum <= FLT_MAX)) {  // infinite, or not a number
    *scale *= o.backoff;
    *good_steps = 0;
  } else if (++*good_steps >= o.growth_interval) {
    const float grown = *scale * o.growth;
    *scale = grown < o.largest ? grown : o.largest;
    *good_steps = 0;
  }
}

inline void check_loss_scale(const View& scale, const View& good_steps, const View& square_sum,
                             const LossScaleOptions& o) {
  check_view(scale, "loss_scale", "scale", DType::f32, {});
  check_view(good_steps, "loss_scale", "good_steps", DType::i32, {});
  check_view(square_sum, "loss_scale", "square_sum", DType::f32, {});
  require(o.growth >= 1.f && o.backoff > 0.f && o.backoff <= 1.f && o.growth_interval >= 1 && o.largest > 0.f,
          "loss_scale", "expects growth >= 1, backoff in (0, 1], growth_interval >= 1 and largest > 0; got ", o.growth,
          ", ", o.backoff, ", ", o.growth_interval, " and ", o.largest);
}

}  // namespace segue::kernels
