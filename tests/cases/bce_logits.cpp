#include "kernels/bce_logits.h"

#include "score_loss.h"

namespace segue::cases {

void bce_logits_cases(Registry& r) {
  score_cases(
      r, {.op = "bce_logits",
          .cpu = kernels::bce_logits,
          .cuda = SEGUE_CUDA_CALL(kernels::bce_logits),
          .on_tape = bce_logits,
          .value = [](double x,
                      double target) { return std::max(x, 0.0) - x * target + std::log1p(std::exp(-std::abs(x))); },
          .slope = [](double x, double target) { return 1 / (1 + std::exp(-x)) - target; }});
}

}  // namespace segue::cases
