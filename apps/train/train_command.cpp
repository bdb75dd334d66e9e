// segue train: one stage, from a configuration to a run folder.
#include <filesystem>
#include <iostream>

#include "apps/commands.h"
#include "environment.h"
#include "make_task.h"
#include "run_config.h"
#include "runtime/text.h"
#include "step_needs.h"
#include "train_run.h"

namespace segue {
namespace {

/// Builds everything, runs one step, and says what a run would need.
void dry_run(const RunConfig& r) {
  Context c(context_options(r.config, ""));
  const std::unique_ptr<TrainTask> task = make_task(c, without_files(r.config));
  const StepNeeds needs = step_needs(c, *task);
  std::cout << config_text(r.config) << '\n' << device_line(c, r.config) << '\n';
  for (const std::string& line : task->describe()) std::cout << line << '\n';
  std::cout << "run folder: " << r.folder
            << (std::filesystem::exists(r.folder) ? " (exists: the run gets the next free number)" : "") << '\n'
            << "memory of a step: " << memory_line(needs, memory_limit(c)) << '\n'
            << "checkpoint: " << bytes_text(needs.checkpoint_bytes) << "; " << r.config.get<int64_t>("log.keep")
            << " and the best are kept\n"
            << task->steps() << " steps of " << task->images_per_step() << " images, "
            << double(task->steps()) / double(task->steps_per_epoch()) << " epochs; nothing was written\n";
}

}  // namespace

void run_train(const TrainCommand& command) {
  const RunConfig r = resolve(command, "train");
  if (r.config.task() == Task::adapt)
    throw Error(Fault::usage,
                "'segue train' runs one stage, task segment or translate; got task adapt: use 'segue adapt'");
  if (command.dry_run) return dry_run(r);
  train_run(r.config, r.folder,
            {.resume = command.resume.has_value(),
             .allow_different_bits = command.allow_different_bits,
             .arguments = command.arguments});
}

}  // namespace segue
