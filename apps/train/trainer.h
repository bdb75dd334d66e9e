// The loop of every training: steps, log, evaluation, checkpoints, resuming, signals.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "checkpoints.h"
#include "run_folder.h"
#include "run_log.h"
#include "runtime/step_graph.h"
#include "train_task.h"

namespace segue {

struct TrainerOptions {
  std::string task = {};   ///< "segment": a checkpoint of another task is refused
  int64_t log_every = 50;  ///< steps between lines of the log
  int64_t checkpoint_every = 2000;
  int64_t eval_every = 2000;
  int64_t keep = 2;     ///< checkpoints beside the best
  bool resume = false;  ///< go on from the run's last checkpoint, if it has one
  bool allow_different_bits = false;
  std::string go_on = {};  ///< the command that takes an interrupted run up again; empty: segue train --resume=FOLDER
};

/// Runs a task in a run folder. A run that is killed at any point and resumed ends in the bits of one that was not.
class Trainer {
 public:
  /// With `resume`, reads the last checkpoint. Throws data if it does not fit the task, usage if the bits of a resumed run
  /// would differ and that is not allowed.
  Trainer(Context& c, TrainTask& task, const RunFolder& run, const TrainerOptions& options);

  /// Trains to the end. Throws Interrupted after saving, diverged when a metric or a weight is no longer finite.
  void run();

  int64_t step() const { return step_; }
  RunLog& log() { return *log_; }

 private:
  struct Best {
    int64_t step;
    double value;
  };
  using Clock = std::chrono::steady_clock;

  void restore(const std::string& folder);
  void one_step();
  void report();
  void show_status();
  bool finish_due() const { return step_ >= task_.steps() && task_.finishes() && !finished_; }
  void finish();
  void say_done();
  void say_warnings();
  std::string go_on_text() const;
  /// Shows how far something has come; its result is false once a signal has asked the run to end.
  std::function<bool(double)> status(const char* what);
  bool evaluate();
  void late_evaluation();
  [[noreturn]] void interrupted(int signal);
  void save(bool best);
  Json state() const;
  void show_pictures();
  [[noreturn]] void diverged(const Error& e);
  double eta_s() const;

  Context& c_;
  TrainTask& task_;
  const RunFolder& run_;
  TrainerOptions options_;
  Checkpoints checkpoints_;
  Metrics metrics_;
  StepGraph graph_;
  std::unique_ptr<RunLog> log_;

  int64_t step_ = 0;     // done
  int64_t running_ = 0;  // the step in progress, from 1
  int64_t summed_ = 0;   // steps in the means of metrics_
  std::optional<Best> best_;
  bool evaluation_due_ = false;
  bool finished_ = false;  // TrainTask::finish() has come to its end after the newest step
  double trained_s_ = 0;   // in earlier lives

  // Of this life: times.
  Clock::time_point started_, interval_, shown_;
  int64_t interval_steps_ = 0;
  double interval_pause_s_ = 0, interval_waited_s_ = 0;
  double step_s_ = 0, evaluation_s_ = 0;
};

}  // namespace segue
