#include "kernels/lsgan.h"

#include "score_loss.h"

namespace segue::cases {

void lsgan_cases(Registry& r) {
  score_cases(r, {.op = "lsgan",
                  .cpu = kernels::lsgan,
                  .cuda = SEGUE_CUDA_CALL(kernels::lsgan),
                  .on_tape = lsgan,
                  .value = [](double x, double target) { return (x - target) * (x - target); },
                  .slope = [](double x, double target) { return 2 * (x - target); }});
}

}  // namespace segue::cases
