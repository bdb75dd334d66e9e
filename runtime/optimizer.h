// Optimisers: one launch a step over the parameter slab of a network.
#pragma once

#include <string>
#include <vector>

#include "kernels/adam.h"
#include "kernels/sgd.h"
#include "module.h"

namespace segue {

/// Parameters whose names begin with `prefix` take the rate and the weight decay of the optimiser times these factors.
/// The longest prefix wins; what no group names keeps 1 and 1.
struct ParameterGroup {
  std::string prefix;
  double rate_factor = 1;
  double decay_factor = 1;
};

struct OptimizerOptions {
  std::string name;  ///< of its values in the StepState and in files: one per optimiser
  double weight_decay = 0;
  std::vector<ParameterGroup> groups = {};
  double max_norm = 0;        ///< clip the gradient's norm to this; 0: never
  bool measure_norm = false;  ///< keep square_sum() up to date without clipping
};

/// The part that all optimisers share. A step is
///
///   optimizer.prepare(rate);   // host: this step's numbers into the StepState
///   c.begin_step(n);           // sends them
///   ... forward, backward ...
///   optimizer.step();          // device: reads them
///
/// A parameter that received no gradient since the last step is skipped, as PyTorch does after
/// zero_grad(set_to_none=True): no decay, no momentum. Afterwards all gradients are cleared: the next overwrites.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// Counts the step and sets its learning rate.
  void prepare(double rate);
  void step();
  /// Steps counted so far.
  int64_t steps() const { return steps_; }
  /// Sum of squares of the gradient of the last step, () f32, before clipping; absent unless measured.
  const Tensor& square_sum() const { return square_sum_; }
  /// Moments, by parameter, and the number of steps: what a checkpoint holds beside the network.
  virtual std::vector<NamedTensor> named_tensors();

 protected:
  Optimizer(Context& c, Network& network, const OptimizerOptions& options);
  virtual void prepare_more(int64_t) {}
  virtual void launch() = 0;
  /// f32 (), or absent.
  View loss_scale() const;
  View used_square_sum() const;

  Context& c_;
  Network& network_;
  const std::string name_;
  Tensor ranges_;                   // (R,3) i64, parameters with a gradient
  View rates_, decays_, max_norm_;  // in the StepState
  Tensor square_sum_;

 private:
  void update_ranges();

  std::vector<double> rate_factors_;
  std::vector<int64_t> group_of_;  // by parameter
  std::vector<int64_t> rows_;      // as last sent to ranges_
  Tensor table_;
  int64_t steps_ = 0;
};

/// Stochastic gradient descent: kernels/sgd.h.
class Sgd : public Optimizer {
 public:
  Sgd(Context& c, Network& network, const OptimizerOptions& options, const SgdOptions& sgd);
  std::vector<NamedTensor> named_tensors() override;

 private:
  void launch() override;
  SgdOptions sgd_;
  Tensor momentum_;
};

/// Adam: kernels/adam.h. One step count for all parameters; PyTorch keeps one for each, which is the same as long as
/// each receives a gradient in every step.
class Adam : public Optimizer {
 public:
  Adam(Context& c, Network& network, const OptimizerOptions& options, const AdamOptions& adam);
  std::vector<NamedTensor> named_tensors() override;

 private:
  void prepare_more(int64_t step) override;
  void launch() override;
  AdamOptions adam_;
  Tensor mean_, square_;
  View corrections_;
};

/// A teacher that follows a student: teacher += weight (student - teacher) over the parameter slab, with
/// weight = 1 - min(decay, 1 - 1/(t+1)) at step t = 1, 2, ..., so that early steps forget the start.
/// Source: Tarvainen and Valpola 2017, arXiv:1703.01780.
class Ema {
 public:
  /// What happens to running statistics. A teacher in training mode uses none: `keep`. In inference mode they must go
  /// along: `average` or `copy`.
  enum class Buffers { keep, copy, average };

  /// Starts the teacher as a copy of the student. `name` of its weight in the StepState.
  Ema(Context& c, Network& teacher, Network& student, const std::string& name, Buffers buffers);
  /// Host: counts the step and sets its weight; before Context::begin_step.
  void prepare(double decay);
  /// Device: after the optimiser's step.
  void step();
  int64_t steps() const { return steps_; }
  /// The count of steps; the teacher's tensors are its own.
  std::vector<NamedTensor> named_tensors();

 private:
  Context& c_;
  Network& teacher_;
  Network& student_;
  const std::string name_;
  Buffers buffers_;
  View weight_;
  int64_t steps_ = 0;
};

}  // namespace segue
