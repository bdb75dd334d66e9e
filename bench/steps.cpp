#include "steps.h"

#include "kernels/image_pool.h"
#include "kernels/upsample_confusion.h"
#include "losses/adversarial.h"
#include "losses/cycle.h"
#include "losses/segmentation.h"
#include "models/cyclegan_generator.h"
#include "models/deeplabv3plus.h"
#include "models/patchgan.h"
#include "runtime/memory.h"
#include "runtime/metrics.h"
#include "runtime/optimizer.h"
#include "runtime/step_graph.h"

namespace segue::bench {
namespace {

constexpr int64_t kClasses = 19;

/// An image batch of noise in [-1, 1], made once.
Tensor noise(Context& c, const Shape& shape, uint64_t salt) {
  const Tensor t = c.persistent_image(shape, "images");
  std::vector<float> values(size_t(t.count()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = 2 * random_uniform({salt, 1}, 0, i) - 1;
  from_host(t, values);
  return t;
}

/// Labels of which one in twenty is ignored.
Tensor noise_labels(Context& c, const Shape& shape) {
  const Tensor t = c.persistent(shape, DType::u8, "labels");
  std::vector<uint8_t> values(size_t(t.count()));
  for (size_t i = 0; i < values.size(); ++i) {
    const uint32_t r = random_u32({3, 2}, 0, i);
    values[i] = (r >> 16) % 20 == 0 ? uint8_t(255) : uint8_t((r & 0xffff) % kClasses);
  }
  copy_memory(t.data(), values.data(), values.size());
  return t;
}

class DeepLabTrain : public Step {
 public:
  DeepLabTrain(const Context::Options& options, int64_t n, int64_t h, int64_t w, double width)
      : c_(options), model_({.classes = kClasses, .width = width}), metrics_(c_) {
    model_.allocate(c_);
    x_ = noise(c_, {n, h, w, 3}, 1);
    labels_ = noise_labels(c_, {n, h, w});
    sgd_ = std::make_unique<Sgd>(
        c_, model_,
        OptimizerOptions{.name = "sgd", .weight_decay = 1e-4, .groups = {{.prefix = "backbone.", .rate_factor = 0.1}}},
        SgdOptions{.momentum = 0.9f});
  }
  void run() override {
    sgd_->prepare(0.01);
    c_.begin_step(step_++);
    graph_.run([this] {
      {
        const Tensor loss = segmentation_loss(c_, model_.forward_low(c_, x_).logits, {.labels = labels_});
        metrics_.write("loss", loss);
        c_.backward(loss);
      }
      sgd_->step();
      c_.end_step();
    });
  }
  void finish() override { metrics_.read(); }
  Context& context() override { return c_; }

 private:
  Context c_;
  StepGraph graph_{c_};
  DeepLabV3Plus model_;
  Metrics metrics_;
  Tensor x_, labels_;
  std::unique_ptr<Sgd> sgd_;
  uint64_t step_ = 0;
};

/// Inference with scoring: upsampling, argmax and confusion matrix in one kernel.
class DeepLabInfer : public Step {
 public:
  DeepLabInfer(const Context::Options& options, int64_t n, int64_t h, int64_t w)
      : c_(options), model_({.classes = kClasses}) {
    model_.allocate(c_, /*trainable=*/false);
    model_.set_training(false);
    x_ = noise(c_, {n, h, w, 3}, 1);
    labels_ = noise_labels(c_, {n, h, w});
    predictions_ = c_.persistent({n, h, w}, DType::u8, "predictions");
    matrix_ = c_.persistent({kClasses, kClasses}, DType::u64, "confusion");
  }
  void run() override {
    c_.begin_step(0);
    graph_.run([this] {
      {
        const Context::NoGrad no_grad(c_);
        const Tensor logits = model_.forward_low(c_, x_).logits;
        c_.run(SEGUE_KERNEL(upsample_confusion), logits, labels_, out(matrix_), out(predictions_), c_.status(), 255);
      }
      c_.end_step();
    });
  }
  void finish() override { c_.check_status(); }
  Context& context() override { return c_; }

 private:
  Context c_;
  StepGraph graph_{c_};
  DeepLabV3Plus model_;
  Tensor x_, labels_, predictions_, matrix_;
};

class CycleGanTrain : public Step {
 public:
  CycleGanTrain(const Context::Options& options, int64_t n, int64_t h, int64_t w, int blocks, int64_t filters)
      : c_(options),
        to_b_({.blocks = blocks, .filters = filters}),
        to_a_({.blocks = blocks, .filters = filters}),
        judge_a_({.filters = filters}),
        judge_b_({.filters = filters}),
        metrics_(c_) {
    for (Network* network : networks()) network->allocate(c_);
    a_ = noise(c_, {n, h, w, 3}, 1);
    b_ = noise(c_, {n, h, w, 3}, 2);
    pool_a_ = c_.persistent_image({50, h, w, 3}, "image_pool");
    pool_b_ = c_.persistent_image({50, h, w, 3}, "image_pool");
    count_a_ = c_.persistent({}, DType::u32, "image_pool");
    count_b_ = c_.persistent({}, DType::u32, "image_pool");
    weights_ = cycle_weights(c_.state(), {});
    const char* names[] = {"to_b", "to_a", "judge_a", "judge_b"};
    for (size_t i = 0; i < 4; ++i)
      adams_.push_back(std::make_unique<Adam>(c_, *networks()[i], OptimizerOptions{.name = names[i]},
                                              AdamOptions{.beta1 = 0.5, .beta2 = 0.999}));
  }
  void run() override {
    for (auto& adam : adams_) adam->prepare(2e-4);
    c_.begin_step(step_++);
    graph_.run([this] {
      {
        Tensor fake_a, fake_b;
        generators(fake_a, fake_b);
        judge(judge_b_, b_, fake_b, pool_b_, count_b_, "judge_b");
        judge(judge_a_, a_, fake_a, pool_a_, count_a_, "judge_a");
      }
      adams_[2]->step();
      adams_[3]->step();
      c_.end_step();
    });
  }
  void finish() override { metrics_.read(); }
  Context& context() override { return c_; }

 private:
  std::vector<Network*> networks() { return {&to_b_, &to_a_, &judge_a_, &judge_b_}; }

  void generators(Tensor& fake_a, Tensor& fake_b) {
    const Frozen hold_a(judge_a_), hold_b(judge_b_);
    const Tensor made_b = to_b_.forward(c_, a_), made_a = to_a_.forward(c_, b_);
    const CycleLoss loss = cycle_generator_loss(c_,
                                                {.real_a = a_,
                                                 .real_b = b_,
                                                 .scores_b = judge_b_.forward(c_, made_b),
                                                 .scores_a = judge_a_.forward(c_, made_a),
                                                 .cycled_a = to_a_.forward(c_, made_b),
                                                 .cycled_b = to_b_.forward(c_, made_a),
                                                 .same_a = to_a_.forward(c_, a_),
                                                 .same_b = to_b_.forward(c_, b_)},
                                                weights_);
    metrics_.write("generators", loss.total);
    c_.backward(loss.total);
    adams_[0]->step();
    adams_[1]->step();
    fake_a = made_a.detach();
    fake_b = made_b.detach();
  }

  void judge(PatchGan& d, const Tensor& real, const Tensor& fake, const Tensor& pool, const Tensor& count,
             const char* name) {
    c_.run(SEGUE_KERNEL(image_pool), fake, out(pool), out(count), c_.state().random_step(), out(fake),
           c_.next_random());
    const Tensor loss = discriminator_loss(c_, d.forward(c_, fake), d.forward(c_, real), GanLoss::lsgan);
    metrics_.write(name, loss);
    c_.backward(loss);
  }

  Context c_;
  StepGraph graph_{c_};
  CycleGanGenerator to_b_, to_a_;
  PatchGan judge_a_, judge_b_;
  Metrics metrics_;
  Tensor a_, b_, pool_a_, pool_b_, count_a_, count_b_;
  View weights_;
  std::vector<std::unique_ptr<Adam>> adams_;
  uint64_t step_ = 0;
};

template <class T, class... Args>
std::unique_ptr<Step> make(const Context::Options& options, Args... args) {
  return std::make_unique<T>(options, args...);
}

}  // namespace

const std::vector<StepInfo>& steps() {
  using Options = Context::Options;
  static const std::vector<StepInfo> all = {
      {"deeplab_tiny", [](const Options& o) { return make<DeepLabTrain>(o, 1, 64, 64, 0.125); }},
      {"deeplab_train_4x128x256", [](const Options& o) { return make<DeepLabTrain>(o, 4, 128, 256, 1); }},
      {"deeplab_train_2x192x256", [](const Options& o) { return make<DeepLabTrain>(o, 2, 192, 256, 1); }},
      {"deeplab_train_8x512x1024", [](const Options& o) { return make<DeepLabTrain>(o, 8, 512, 1024, 1); }},
      {"deeplab_infer_1x1024x2048", [](const Options& o) { return make<DeepLabInfer>(o, 1, 1024, 2048); }},
      {"cyclegan_train_1x256x256", [](const Options& o) { return make<CycleGanTrain>(o, 1, 256, 256, 9, 64); }},
      {"cyclegan_train_1x256x512", [](const Options& o) { return make<CycleGanTrain>(o, 1, 256, 512, 9, 64); }},
      {"deeplab_infer_1x512x1024", [](const Options& o) { return make<DeepLabInfer>(o, 1, 512, 1024); }},
      {"cyclegan_train_1x128x128", [](const Options& o) { return make<CycleGanTrain>(o, 1, 128, 128, 9, 64); }},
  };
  return all;
}

const StepInfo& step_named(const std::string& name) {
  std::string known;
  for (const StepInfo& info : steps()) {
    if (info.name == name) return info;
    known += (known.empty() ? "" : ", ") + info.name;
  }
  fail(Fault::usage, "bench", "expects one of ", known, "; got '", name, "'");
}

}  // namespace segue::bench
