#include "step_needs.h"

#include "kernels/error.h"
#include "runtime/text.h"

namespace segue {

StepNeeds step_needs(Context& c, TrainTask& task) {
  Metrics metrics(c);
  task.start(0);
  task.prepare(0);
  c.begin_step(0);
  task.step(metrics);
  c.end_step();
  metrics.read();
  StepNeeds needs{.lasting_bytes = c.persistent_arena().high_water(), .step_bytes = c.step_arena().high_water()};
  for (const SavedPart& part : task.saved())
    for (const NamedTensor& t : part.tensors) needs.checkpoint_bytes += uint64_t(t.view.bytes());
  return needs;
}

std::string memory_line(const StepNeeds& needs, uint64_t limit_bytes) {
  return cat(bytes_text(needs.lasting_bytes + needs.step_bytes), " of ", bytes_text(limit_bytes), " (",
             bytes_text(needs.lasting_bytes), " lasting: weights, moments, buffers; ", bytes_text(needs.step_bytes),
             " for the step itself)");
}

}  // namespace segue
