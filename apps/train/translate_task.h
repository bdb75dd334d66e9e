// CycleGAN: two generators between the images of two domains, and their discriminators. Zhu et al. 2017, arXiv:1703.10593.
#pragma once

#include <memory>
#include <vector>

#include "apps/config.h"
#include "losses/cycle.h"
#include "models/model_file.h"
#include "models/patchgan.h"
#include "optim_config.h"
#include "semantic_loss.h"
#include "train_data.h"
#include "train_task.h"

namespace segue {

/// Files of a checkpoint: the generator from source to target, which is what the stage is for, and the one back.
constexpr const char *kForth = "model.safetensors", *kBack = "model_back.safetensors";

/// Domain A is the source, B the target; G_A makes B from A, and D_A judges what it makes, as in the reference code, whose
/// names the log has: D_A G_A cycle_A idt_A D_B G_B cycle_B idt_B; and sem_A, sem_B with loss.semantic.
class TranslateTask : public TrainTask {
 public:
  /// Throws usage, data.
  TranslateTask(Context& c, const Config& config);

  int64_t steps() const override { return total_; }
  int64_t images_per_step() const override { return 2 * batch_; }
  int64_t steps_per_epoch() const override { return epoch_; }
  std::vector<std::string> describe() const override;
  Json data_fingerprint() const override;
  void prepare(int64_t n) override;
  void step(Metrics& metrics) override;
  double rate() const override { return rate_; }
  std::string warnings() const override { return warnings_of({&source_.mix, &target_.mix}); }
  double waited_s() const override { return source_.loader->wait_seconds() + target_.loader->wait_seconds(); }
  std::vector<SavedPart> saved() override;
  void start(int64_t steps) override;
  std::vector<Picture> pictures() override;

 private:
  /// One direction: who makes images of a domain, who judges them, and the images that were made before.
  struct Side {
    std::unique_ptr<CycleGanGenerator> generator;
    std::unique_ptr<PatchGan> judge;
    std::unique_ptr<Optimizer> generator_optimizer, judge_optimizer;
    Tensor pool, pool_count;        // absent without a pool
    std::vector<float> saved_pool;  // of a checkpoint: the pool as f32
    int64_t saved_count = 0;
  };

  void make_side(Side& side, const std::string& name);
  void load_initial(const std::string& folder);
  void make_semantic_loss();
  void learn_generators(const Tensor& real_a, const Tensor& real_b, Tensor& fake_a, Tensor& fake_b, Metrics& metrics);
  void learn_judge(Side& side, const Tensor& real, const Tensor& fake, const std::string& name, Metrics& metrics);

  Context& c_;
  const Config config_;
  GeneratorInfo info_;
  GanLoss gan_;
  int64_t batch_, total_ = 0, epoch_ = 1;
  Side a_, b_;  // a_: G_A and D_A, which judges images of the target
  TrainData source_, target_;
  View weights_, semantic_weights_;
  std::unique_ptr<SemanticLoss> semantic_;      // absent where loss.semantic is 0
  std::string segmenter_, segmenter_checksum_;  // its weight file, as it was loaded
  Schedule schedule_;
  double rate_ = 0;
  int64_t steps_ = 0;  // done, or begun
};

}  // namespace segue
