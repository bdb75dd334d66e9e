// From a loader to the device: batches that travel while the step before them computes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "batch_input.h"
#include "loader.h"

namespace segue::data {

/// Brings the batches of a loader into fixed buffers on the device, where a recorded step reads them. A training loop:
///
///   Loader loader(mix, options);
///   BatchFeed source(context, "source", loader);   // before the first step
///   source.seek(first_step);                       // resuming
///   for (step = first_step; ...; ++step) {
///     source.next();                               // batch and plans of this step; queues the next one's transfer
///     context.begin_step(step);
///     graph.run([&] { const InputBatch b = source.make(); ... });
///     context.end_step();
///   }
///
/// For CutMix between two feeds, plan a BatchInput of your own from plans() before begin_step, and make() it from
/// stored(). Lives shorter than context and loader; nobody else calls the loader meanwhile.
class BatchFeed {
 public:
  /// `name`: of the plans in the step state. `input`: how images are normalised.
  BatchFeed(Context& c, const std::string& name, Loader& loader, const kernels::ImageInOptions& input = {});

  /// Takes the next batch. Outside a step. Throws what Loader::next throws.
  void next();
  /// The input of the network from the batch taken; within the step. The same batch as often as it is called.
  InputBatch make() { return input_.make(stored_); }

  /// next() goes on with batch `step`. Outside a step.
  void seek(int64_t step);
  /// Number of the batch taken last; -1 before the first.
  int64_t step() const { return step_; }
  /// The batch taken, on the device: images (N,H,W,3), labels (N,H,W) of train ids or empty. The same tensors always.
  const StoredBatch& stored() const { return stored_; }
  const std::vector<SamplePlan>& plans() const { return plans_; }
  const std::vector<Draw>& draws() const { return draws_; }
  Loader& loader() { return loader_; }

 private:
  void send();

  Loader& loader_;
  StoredBatch stored_;
  BatchInput input_;
  std::unique_ptr<Staging> staging_;
  int64_t step_ = -1, sent_step_ = -1;
  std::vector<SamplePlan> plans_, sent_plans_;
  std::vector<Draw> draws_, sent_draws_;
};

}  // namespace segue::data
