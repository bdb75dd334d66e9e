// What --dry-run measures.
#pragma once

#include "runtime/context.h"
#include "train_task.h"

namespace segue {

struct StepNeeds {
  uint64_t lasting_bytes = 0;     ///< weights, moments, buffers
  uint64_t step_bytes = 0;        ///< for the step itself, beside these
  uint64_t checkpoint_bytes = 0;  ///< tensors of a checkpoint
};

/// Runs the first step of a task that was just made. Throws what a training throws.
StepNeeds step_needs(Context& c, TrainTask& task);
/// "82.7 MiB of 23.6 GiB (42.6 MiB lasting: weights, moments, buffers; 40.1 MiB for the step itself)".
std::string memory_line(const StepNeeds& needs, uint64_t limit_bytes);

}  // namespace segue
