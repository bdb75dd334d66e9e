// Whole steps at the sizes that segue is compared at: what benchmarks and the comparison with PyTorch run.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/context.h"

namespace segue::bench {

/// A model with its data and optimisers, ready to step.
class Step {
 public:
  virtual ~Step() = default;
  /// Queues one step; done when it returns on the CPU.
  virtual void run() = 0;
  /// Waits for the steps queued so far and reads their results. Throws what they met.
  virtual void finish() = 0;
  virtual Context& context() = 0;
};

struct StepInfo {
  std::string name;
  std::function<std::unique_ptr<Step>(const Context::Options&)> make;
};

/// deeplab_train_4x128x256 and so on: the names are those of bench/pytorch_worker.py.
const std::vector<StepInfo>& steps();
/// The step called `name`. Throws usage listing the names.
const StepInfo& step_named(const std::string& name);

}  // namespace segue::bench
