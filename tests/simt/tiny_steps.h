// A training step of every model, so small that all of its kernels run on the CPU in seconds.
#pragma once

#include "tests/model_steps.h"

namespace segue::testing {

const std::vector<ModelStep>& tiny_steps();

}  // namespace segue::testing
