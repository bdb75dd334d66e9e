// Learning rates over a run: host functions; their values reach the device through Optimizer::prepare.
#pragma once

#include <cstdint>

namespace segue {

/// Factor of the base rate at `step` of `total`: max((1 - step / total)^power, floor / base). After the end, the floor.
/// Source: Chen et al. 2016, arXiv:1606.00915 ("poly"); floor as in the DeepLabv3+ recipes.
double poly_rate(double base, int64_t step, int64_t total, double power = 0.9, double floor = 0);

/// Constant for `constant_epochs`, then linear towards 0: base * (1 - max(0, epoch + 1 - constant) / (decay + 1)),
/// epochs counted from 0; never below 0. Source: Zhu et al. 2017, arXiv:1703.10593, and its reference code.
double linear_decay_rate(double base, int64_t epoch, int64_t constant_epochs, int64_t decay_epochs);

/// Factor in (0, 1] that rises linearly from `start` at step 0 to 1 at `steps`: multiply any rate with it.
double warm_up(int64_t step, int64_t steps, double start = 0);

/// A schedule as a configuration names it, by step.
struct Schedule {
  enum class Kind { constant, poly, linear } kind = Kind::constant;
  double base = 0;
  int64_t total = 1;            ///< steps of the run
  double power = 0.9;           ///< poly
  double floor = 0;             ///< poly: smallest rate
  int64_t steps_per_epoch = 1;  ///< linear: the rate moves once an epoch
  int64_t constant_epochs = 0;  ///< linear
  int64_t decay_epochs = 0;     ///< linear
  int64_t warm_up_steps = 0;
  double warm_up_start = 0;  ///< factor at step 0

  /// The learning rate of step 0, 1, ...
  double rate(int64_t step) const;
};

}  // namespace segue
