// Batches for training, made ahead on threads of their own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "augment.h"
#include "sampler.h"

namespace segue::data {

/// A batch in host memory. Batch number `step` holds the samples step*N .. step*N + N-1 of the run.
struct HostBatch {
  int64_t step = 0;
  std::vector<uint8_t> images;    ///< (N,H,W,3) RGB
  std::vector<uint8_t> labels;    ///< (N,H,W) train ids; empty: a loader without labels
  std::vector<SamplePlan> plans;  ///< (N) what the device has still to do
  std::vector<Draw> draws;        ///< (N) what the samples are made of
};

struct LoaderOptions {
  int64_t batch = 1;            ///< samples
  uint64_t seed = 0;            ///< of the run
  uint32_t stream = 0;          ///< tells the loaders of one run apart: source 0, target 1
  bool labels = true;           ///< false: images alone, even of labelled sets
  int threads = 2;              ///< that read, decode and augment
  int64_t ahead = 3;            ///< batches that are made before they are asked for
  double rare_temperature = 0;  ///< see SamplerOptions; needs counts
  AugmentOptions augment;
};

/// Makes batch after batch, without end. A batch is a function of the sets, the options (but for threads and ahead) and
/// its number. next(), seek() and the rest belong to one thread.
class Loader {
 public:
  /// Starts with batch 0. `counts`: see Sampler. Throws as Sampler and Augmenter do.
  Loader(std::vector<DataShare> mix, const LoaderOptions& options,
         const std::vector<std::shared_ptr<const LabelCounts>>& counts = {});
  /// Waits for the samples in work, not for batches.
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  /// The next batch; it stays until the next call of next() or seek(). Waits for it if need be. Throws data with the name
  /// of the file for an example that cannot be read, again at every call until seek().
  const HostBatch& next();
  /// True if next() would not wait.
  bool ready() const;
  /// next() goes on with batch `step` >= 0, as if all before it had been asked for.
  void seek(int64_t step);
  /// Number of the batch that next() gives.
  int64_t step() const;

  /// Seconds that next() has waited so far.
  double wait_seconds() const;
  /// What batches depend on, in one line: equal lines, equal batches. For checkpoints.
  const std::string& fingerprint() const;
  /// False if batches have no labels.
  bool labelled() const;
  /// Examples of all sets; batch() of them are a batch.
  int64_t examples() const;
  const LoaderOptions& options() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace segue::data
