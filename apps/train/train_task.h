// What a kind of training brings along: networks, losses, optimisers, data. The Trainer brings the rest. See docs/training.md.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/checkpoint_file.h"
#include "runtime/json.h"
#include "runtime/metrics.h"

namespace segue {

/// One weight file of a checkpoint.
struct SavedPart {
  std::string file;                  ///< "model.safetensors"
  std::vector<NamedTensor> tensors;  ///< all that it holds, for reading and for writing
  /// Writes the file, where its metadata are more than save_weights adds; empty: save_weights.
  std::function<void(const std::string& path)> write = nullptr;
};

/// What an evaluation found.
struct Scores {
  double value = 0;                ///< decides which checkpoint is the best: larger is better
  Json record = Json::object();    ///< for metrics.jsonl
  std::vector<std::string> lines;  ///< for the log
};

/// An RGB picture for samples/ and TensorBoard.
struct Picture {
  std::string name;  ///< "val_0"
  std::string png;   ///< the bytes of a PNG file
  int64_t height = 0, width = 0;
};

class TrainTask {
 public:
  virtual ~TrainTask() = default;

  /// Of the whole run.
  virtual int64_t steps() const = 0;
  virtual int64_t images_per_step() const = 0;
  /// Steps in which the data are seen once; the log shows epochs by it.
  virtual int64_t steps_per_epoch() const = 0;
  /// Lines for the start of the log: data sets, networks, sizes.
  virtual std::vector<std::string> describe() const = 0;
  /// What the order of the data follows from: names and numbers by data set. A resumed run wants the same.
  virtual Json data_fingerprint() const = 0;

  // A step: prepare(n), Context::begin_step(n), step(), Context::end_step().

  /// Host: takes the batch of step `n` (0, 1, ...) and sets everything in the StepState that changes with it.
  virtual void prepare(int64_t n) = 0;
  /// Device: forward, backward, optimisers, averages. It is recorded and replayed: see runtime/step_graph.h. All tensors of
  /// the step are gone when it returns. Metrics called "loss" and "loss_..." are shown as a loss and its parts; "grad_square", the
  /// square of the gradient's norm, is recorded as "grad_norm".
  virtual void step(Metrics& metrics) = 0;
  /// Learning rate of the step prepared last.
  virtual double rate() const = 0;
  /// Seconds that prepare() has waited for data so far.
  virtual double waited_s() const = 0;

  // Checkpoints.

  /// Networks, moments, averages, pools: all that the next step depends on but its number. Host values that tensors stand
  /// for are brought up to date here.
  virtual std::vector<SavedPart> saved() = 0;
  /// All of saved() has been read, of a run that has done `steps` steps; data go on from there. Without a checkpoint: 0.
  virtual void start(int64_t steps) = 0;

  // Between steps.

  /// What had to be mended in the data that this process has read so far, for the log's end; "" if nothing.
  virtual std::string warnings() const { return {}; }

  /// True if finish() does something. No step before it is then the best: its model is not the one that is meant.
  virtual bool finishes() const { return false; }
  /// After the last step, before it is evaluated and saved: what is not learned by steps. `go_on(share done)` is asked now and
  /// then: false ends it. Returns true if it came to its end; else it is begun anew, from the weights alone.
  virtual bool finish(const std::function<bool(double)>& go_on);

  virtual bool evaluates() const { return false; }
  /// Scores the model on held-out data, on the same context. `go_on(share done)` is asked now and then: false ends it, and
  /// the result is not used.
  virtual Scores evaluate(const std::function<bool(double)>& go_on);
  /// Pictures of what the model does now, made when it is evaluated or saved.
  virtual std::vector<Picture> pictures() { return {}; }
};

inline bool TrainTask::finish(const std::function<bool(double)>&) { return true; }
inline Scores TrainTask::evaluate(const std::function<bool(double)>&) { return {}; }

}  // namespace segue
