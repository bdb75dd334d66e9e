// Supervised training of a segmentation model, on any mix of data sets.
#pragma once

#include <memory>

#include "apps/config.h"
#include "apps/predictor.h"
#include "data/evaluator.h"
#include "models/model_file.h"
#include "norm_statistics.h"
#include "optim_config.h"
#include "train_data.h"
#include "train_task.h"

namespace segue {

/// A subclass adds losses, discriminators and data by overriding prepare(), learn(), saved() and describe(), each with a
/// call of the one here.
class SegmentTask : public TrainTask {
 public:
  /// Opens the data and makes model, optimiser and average as the configuration says. Throws usage, data.
  SegmentTask(Context& c, const Config& config);

  int64_t steps() const override { return config_.get<int64_t>("train.steps"); }
  int64_t images_per_step() const override { return config_.get<int64_t>("train.batch"); }
  int64_t steps_per_epoch() const override;
  std::vector<std::string> describe() const override;
  Json data_fingerprint() const override;
  void prepare(int64_t n) override;
  void step(Metrics& metrics) override;
  double rate() const override { return rate_; }
  double waited_s() const override;
  std::vector<SavedPart> saved() override;
  void start(int64_t steps) override;
  std::string warnings() const override { return warnings_of({&train_.mix, &val_}); }
  bool finishes() const override { return statistics_ != nullptr; }
  bool finish(const std::function<bool(double)>& go_on) override;
  bool evaluates() const override { return !val_.empty(); }
  Scores evaluate(const std::function<bool(double)>& go_on) override;
  std::vector<Picture> pictures() override;

 protected:
  /// Forward, losses and backward of one step; what the subclass adds comes before or after.
  virtual void learn(Metrics& metrics);
  /// The supervised loss of a batch -> (), with the auxiliary head's share; writes "loss_ce" and "loss_aux".
  Tensor supervised_loss(const Segmentation& out, const data::InputBatch& batch, Metrics& metrics);
  /// What is scored and shown: the average if there is one.
  Segmenter& scored_model() { return average_ ? *average_ : *model_; }

  Context& c_;
  const Config config_;
  data::ClassTable classes_;
  SegmenterInfo info_;
  std::unique_ptr<Segmenter> model_, average_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<Ema> ema_;
  TrainData train_;
  std::vector<data::DataShare> val_;
  Tensor class_weights_;

 private:
  /// Sets val_, and takes what is held out from `train`.
  void open_val(std::vector<data::DataShare>& train);
  void plan_mix(int64_t n);
  data::InputBatch make_batch();
  /// For scored_model(), and evaluator_ anew.
  Predictor& predictor();

  TrainData paste_;  // CutMix: what boxes are cut from
  std::unique_ptr<data::BatchInput> mixed_;
  std::unique_ptr<NormStatistics> statistics_;  // absent without data.statistics
  std::unique_ptr<Predictor> predictor_;
  std::unique_ptr<data::Evaluator> evaluator_;
  std::string initial_;  // where the weights came from
  Schedule schedule_;
  double rate_ = 0;
  int64_t steps_ = 0;  // done, or begun
};

}  // namespace segue
