#include "schedule.h"

#include <algorithm>
#include <cmath>

#include "kernels/error.h"

namespace segue {

double poly_rate(double base, int64_t step, int64_t total, double power, double floor) {
  require(step >= 0 && total > 0, "poly", "expects step >= 0 and total > 0; got ", step, " of ", total);
  const double left = std::max(0.0, 1 - double(step) / double(total));
  return std::max(base * std::pow(left, power), floor);
}

double linear_decay_rate(double base, int64_t epoch, int64_t constant_epochs, int64_t decay_epochs) {
  require(epoch >= 0 && constant_epochs >= 0 && decay_epochs >= 0, "linear_decay", "expects counts >= 0; got epoch ",
          epoch, ", ", constant_epochs, " constant, ", decay_epochs, " decaying");
  const double past = double(std::max<int64_t>(0, epoch + 1 - constant_epochs));
  return base * std::max(0.0, 1 - past / double(decay_epochs + 1));
}

double warm_up(int64_t step, int64_t steps, double start) {
  require(step >= 0 && steps >= 0, "warm_up", "expects counts >= 0; got ", step, " of ", steps);
  return step >= steps ? 1 : start + (1 - start) * double(step) / double(steps);
}

double Schedule::rate(int64_t step) const {
  const double factor = warm_up(step, warm_up_steps, warm_up_start);
  switch (kind) {
    case Kind::poly: return factor * poly_rate(base, step, total, power, floor);
    case Kind::linear: return factor * linear_decay_rate(base, step / steps_per_epoch, constant_epochs, decay_epochs);
    default: return factor * base;
  }
}

}  // namespace segue
