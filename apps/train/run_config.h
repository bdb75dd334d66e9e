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

/// Throws usage: no configuration, options that exclude each other, settings that a resumed run may not change.
RunConfig resolve(const TrainCommand& command);

/// Settings that a resumed run may change, and no other: they decide how long and where it runs, not what it computes.
const std::vector<std::string>& resumable_settings();

}  // namespace segue
