// A step that is recorded once and replayed: the host's work per step shrinks to one launch.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "device.h"

namespace segue {

class Context;

/// Runs a step eagerly twice (arenas grow, plans are chosen, libraries load), records the third run, and replays it from
/// then on. On devices that do not record, every run is eager. Replayed steps have the bits of eager ones.
///
/// Between Context::begin_step and Context::end_step, so inside the step, nothing may wait for the device or read from it, and
/// whatever changes from step to step must be read from StepState by kernels. Setting StepState and reading metrics belong outside.
/// Host work of every step, such as counting batches, goes through Context::on_host. Lives shorter than its context.
class StepGraph {
 public:
  explicit StepGraph(Context& c) : c_(c) {}

  /// The same `step` each time. Throws what the step throws; after an error in the recorded run nothing is recorded.
  void run(const std::function<void()>& step);
  /// Forgets the recording: the next runs are eager again. For a change of shapes or of what is frozen.
  void reset();
  bool recorded() const { return recording_ != nullptr; }

 private:
  Context& c_;
  int eager_runs_ = 0;
  std::unique_ptr<Recording> recording_;
  std::vector<std::function<void()>> effects_;
};

}  // namespace segue
