// From a configuration to what is trained.
#pragma once

#include <memory>

#include "apps/config.h"
#include "train_task.h"

namespace segue {

/// The task of a configuration, with its data opened and its networks at their first values. Throws usage, data.
std::unique_ptr<TrainTask> make_task(Context& c, const Config& config);

/// The same configuration for a dry run: what is counted is not kept in log.dir.
Config without_files(const Config& config);

}  // namespace segue
