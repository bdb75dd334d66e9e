// One stage of training in a folder: what `segue train` does after it has read its arguments.
#pragma once

#include <string>
#include <vector>

#include "apps/config.h"
#include "runtime/context.h"

namespace segue {

struct TrainRunOptions {
  bool resume = false;  ///< the folder is there: go on with it, to the same bits as without a stop
  bool allow_different_bits = false;
  std::vector<std::string> arguments = {};  ///< of the command, for cmdline.txt
  std::string go_on = {};                   ///< see TrainerOptions
};

/// Trains what a configuration of task segment or translate says, to its end. Without `resume` the run gets a new folder: this
/// one, or with a number. Returns the folder: the weights are in the checkpoint that checkpoints/last names. Throws
/// Interrupted after SIGINT and SIGTERM, when everything is saved; usage, data, io, diverged.
std::string train_run(const Config& config, const std::string& folder, const TrainRunOptions& options);

/// The device, precision, threads and seed of [train].
Context::Options context_options(const Config& config, const std::string& plan_file);
/// "device: CPU, AMD EPYC, 2 threads (no CUDA: ...), 23.6 GiB".
std::string device_line(Context& c, const Config& config);

}  // namespace segue
