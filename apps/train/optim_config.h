// The tables [optim] and [train] of a configuration as objects.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "apps/config.h"
#include "runtime/optimizer.h"
#include "runtime/schedule.h"

namespace segue {

/// The optimiser that [optim] describes, over a network; `name` of its values in files. It measures the gradient's norm.
std::unique_ptr<Optimizer> make_optimizer(Context& c, Network& network, const Config& config, const std::string& name,
                                          const std::vector<ParameterGroup>& groups = {});

/// The schedule of a segmentation run of train.steps steps.
Schedule step_schedule(const Config& config);

}  // namespace segue
