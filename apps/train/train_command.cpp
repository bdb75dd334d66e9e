// segue train: one stage, from a configuration to a run folder.
#include <filesystem>
#include <iostream>

#include "apps/commands.h"
#include "environment.h"
#include "make_task.h"
#include "run_config.h"
#include "runtime/text.h"
#include "train_run.h"

namespace segue {
namespace {

/// Builds everything, runs one step, and says what a run would need.
void dry_run(const RunConfig& r) {
  Context c(context_options(r.config, ""));
  const std::unique_ptr<TrainTask> task = make_task(c, r.config);
  Metrics metrics(c);
  task->start(0);
  task->prepare(0);
  c.begin_step(0);
  task->step(metrics);
  c.end_step();
  metrics.read();
  std::cout << config_text(r.config) << '\n' << device_line(c, r.config) << '\n';
  for (const std::string& line : task->describe()) std::cout << line << '\n';
  uint64_t checkpoint = 0;
  for (const SavedPart& part : task->saved())
    for (const NamedTensor& t : part.tensors) checkpoint += uint64_t(t.view.bytes());
  const uint64_t lasting = c.persistent_arena().high_water(), step = c.step_arena().high_water();
  std::cout << "run folder: " << r.folder
            << (std::filesystem::exists(r.folder) ? " (exists: the run gets the next free number)" : "") << '\n'
            << "memory of a step: " << bytes_text(lasting + step) << " of " << bytes_text(memory_limit(c)) << " ("
            << bytes_text(lasting) << " lasting: weights, moments, buffers; " << bytes_text(step)
            << " for the step itself)\n"
            << "checkpoint: " << bytes_text(checkpoint) << "; " << r.config.get<int64_t>("log.keep")
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
