#include "step_graph.h"

#include "context.h"

namespace segue {

constexpr int kWarmUpRuns = 2;

void StepGraph::run(const std::function<void()>& step) {
  const Context::Options& o = c_.options();
  if (!c_.device_->records() || !o.record || o.profile || o.watch_nan || o.shadow != ShadowMode::off) return step();
  if (recording_) {
    recording_->replay();
    for (const auto& effect : effects_) effect();
    return;
  }
  if (eager_runs_ < kWarmUpRuns) {
    ++eager_runs_;
    return step();
  }
  // Recorded addresses must stay: the arenas may not grow while a step is being recorded, and a step that fits once fits
  // again.
  struct Recorder {
    Context& c;
    explicit Recorder(Context& context, std::vector<std::function<void()>>& effects) : c(context) {
      c.persistent_->forbid_growth(true);
      c.step_->forbid_growth(true);
      c.recorded_effects_ = &effects;
    }
    ~Recorder() {
      c.recorded_effects_ = nullptr;
      c.persistent_->forbid_growth(false);
      c.step_->forbid_growth(false);
    }
  };
  effects_.clear();
  std::unique_ptr<Recording> recording;
  {
    const Recorder recorder(c_, effects_);
    c_.device_->begin_recording();
    try {
      step();
    } catch (...) {
      try {
        c_.device_->end_recording();
      } catch (const Error&) {  // the first error says more
      }
      throw;
    }
    recording = c_.device_->end_recording();
  }
  recording_ = std::move(recording);
  recording_->replay();  // recording queued nothing
}

void StepGraph::reset() {
  recording_ = nullptr;
  effects_.clear();
  eager_runs_ = 0;
}

}  // namespace segue
