#include "make_task.h"

#include "segment_task.h"
#include "translate_task.h"

namespace segue {

std::unique_ptr<TrainTask> make_task(Context& c, const Config& config) {
  require(config.task() != Task::adapt, "make_task", "expects one stage; got task adapt");
  if (config.task() == Task::translate) return std::make_unique<TranslateTask>(c, config);
  return std::make_unique<SegmentTask>(c, config);
}

Config without_files(const Config& config) { return config.with("log.dir", std::string()); }

}  // namespace segue
