// The configuration of a run: from a file and the command line, or from the run that is resumed.
#pragma once

#include <string>
#include <vector>

#include "apps/commands.h"
#include "apps/config.h"

namespace segue {

struct RunConfig {
  Config config;
  std::string folder;  ///< of the run: wanted, or with --resume the one that is there
};

/// `name`: of the command, "train" or "adapt", for messages. Throws usage: no configuration, options that exclude each other, settings
/// that a resumed run may not change.
RunConfig resolve(const TrainCommand& command, const char* name);

/// Settings that a resumed run may change, and no other: they decide where it runs and, of a single stage, how long, not what it
/// computes.
std::vector<std::string> resumable_settings(Task task);

}  // namespace segue
