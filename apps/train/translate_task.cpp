#include "translate_task.h"

#include <algorithm>

#include "apps/model_choice.h"
#include "apps/output_folder.h"
#include "data/resize.h"
#include "kernels/image_pool.h"
#include "losses/adversarial.h"
#include "pictures.h"
#include "runtime/memory.h"
#include "runtime/text.h"

namespace segue {
namespace {

constexpr uint32_t kSourceStream = 0, kTargetStream = 8;
constexpr int64_t kPictures = 2, kPicturePx = 512;
constexpr std::array<float, 3> kHalf = {0.5f, 0.5f, 0.5f};  // mean and deviation: images in [-1, 1]

GeneratorInfo info_of(const Config& config) {
  return {.blocks = int(config.get<int64_t>("model.blocks")),
          .filters = config.get<int64_t>("model.filters"),
          .dropout_names = config.get<double>("model.dropout") > 0,
          .skips = config.get<bool>("model.skips"),
          .upsampling =
              config.get<std::string>("model.upsampling") == "resize" ? Upsampling::resize : Upsampling::transposed};
}

/// With train.steps the epochs of the schedule are parts of the run, and the rate moves with every step.
Schedule schedule_of(const Config& config, int64_t steps, int64_t epoch) {
  int64_t constant = config.get<int64_t>("optim.constant_epochs"), decay = config.get<int64_t>("optim.decay_epochs");
  if (config.get<int64_t>("train.steps") > 0) {
    constant = int64_t(double(steps) * double(constant) / double(constant + decay));
    decay = steps - constant;
    epoch = 1;
  }
  const bool linear = config.get<std::string>("optim.schedule") == "linear";
  return {.kind = linear ? Schedule::Kind::linear : Schedule::Kind::constant,
          .base = config.get<double>("optim.rate"),
          .total = steps,
          .steps_per_epoch = epoch,
          .constant_epochs = constant,
          .decay_epochs = decay};
}

}  // namespace

TranslateTask::TranslateTask(Context& c, const Config& config)
    : c_(c),
      config_(config),
      info_(info_of(config)),
      gan_(config.get<std::string>("loss.adversarial") == "bce" ? GanLoss::bce : GanLoss::lsgan),
      batch_(config.get<int64_t>("train.batch")) {
  const data::DataOptions images{.split = {}, .need_labels = false};
  std::vector<data::DataShare> source = open_setting(config, "data.source", data::cityscapes_classes(), images),
                               target = open_setting(config, "data.target", data::cityscapes_classes(), images);
  make_side(a_, "a");
  make_side(b_, "b");
  if (const std::string& init = config.get<std::string>("model.init"); !init.empty()) load_initial(init);
  const float cycle = float(config.get<double>("loss.cycle"));
  weights_ = cycle_weights(
      c.state(), {.cycle_a = cycle, .cycle_b = cycle, .identity = float(config.get<double>("loss.identity"))});
  make_semantic_loss();
  source_ = make_train_data(c, config, std::move(source), data::cityscapes_classes(), "source", kSourceStream, false);
  target_ = make_train_data(c, config, std::move(target), data::cityscapes_classes(), "target", kTargetStream, false);
  epoch_ = std::max<int64_t>(1, std::max(source_.loader->examples(), target_.loader->examples()) / batch_);
  const int64_t fixed = config.get<int64_t>("train.steps");
  const int64_t epochs = config.get<int64_t>("optim.constant_epochs") + config.get<int64_t>("optim.decay_epochs");
  total_ = fixed > 0 ? fixed : epoch_ * epochs;
  schedule_ = schedule_of(config, total_, epoch_);
}

void TranslateTask::load_initial(const std::string& folder) {
  const LoadOptions options{.drop_norm_statistics = true};
  load_weights(folder + "/" + kForth, a_.generator->named_tensors(), options);
  load_weights(folder + "/" + kBack, b_.generator->named_tensors(), options);
}

void TranslateTask::make_semantic_loss() {
  const auto weight = float(config_.get<double>("loss.semantic"));
  if (weight == 0) return;
  const std::string& model = config_.get<std::string>("loss.segmenter");
  if (model.empty())
    throw Error(Fault::usage,
                "'loss.semantic' expects 'loss.segmenter', a segmentation model of the source's domain; it is not set");
  segmenter_ = weight_file(model);
  segmenter_checksum_ = file_checksum(segmenter_);
  semantic_ = std::make_unique<SemanticLoss>(c_, segmenter_);
  semantic_weights_ = c_.state().declare<float>("semantic_weights", 3);
  for (int64_t i = 0; i < 3; ++i) c_.state().set(semantic_weights_, i == 0 ? 1 : weight, i);
}

void TranslateTask::make_side(Side& side, const std::string& name) {
  side.generator =
      std::make_unique<CycleGanGenerator>(GeneratorOptions{.blocks = info_.blocks,
                                                           .filters = info_.filters,
                                                           .dropout = float(config_.get<double>("model.dropout")),
                                                           .skips = info_.skips,
                                                           .upsampling = info_.upsampling});
  side.judge =
      std::make_unique<PatchGan>(PatchGanOptions{.filters = config_.get<int64_t>("model.discriminator_filters")});
  side.generator->allocate(c_);
  side.judge->allocate(c_);
  side.generator_optimizer = make_optimizer(c_, *side.generator, config_, "generator_" + name);
  side.judge_optimizer = make_optimizer(c_, *side.judge, config_, "discriminator_" + name);
  const int64_t size = config_.get<int64_t>("loss.pool");
  if (size == 0) return;
  const auto& crop = config_.get<std::vector<int64_t>>("data.crop");
  side.pool = c_.persistent_image({size, crop[0], crop[1], 3}, "image_pool");
  side.pool_count = c_.persistent({}, DType::u32, "image_pool");
}

void TranslateTask::prepare(int64_t n) {
  rate_ = schedule_.rate(n);
  for (Side* side : {&a_, &b_}) {
    side->generator_optimizer->prepare(rate_);
    side->judge_optimizer->prepare(rate_);
  }
  source_.feed->next();
  target_.feed->next();
  steps_ = n + 1;
}

void TranslateTask::step(Metrics& metrics) {
  {
    const Tensor real_a = source_.feed->make().x, real_b = target_.feed->make().x;
    Tensor fake_a, fake_b;
    learn_generators(real_a, real_b, fake_a, fake_b, metrics);
    learn_judge(a_, real_b, fake_b, "D_A", metrics);
    learn_judge(b_, real_a, fake_a, "D_B", metrics);
  }
  a_.judge_optimizer->step();
  b_.judge_optimizer->step();
}

void TranslateTask::learn_generators(const Tensor& real_a, const Tensor& real_b, Tensor& fake_a, Tensor& fake_b,
                                     Metrics& metrics) {
  const Frozen hold_a(*a_.judge), hold_b(*b_.judge);
  const Tensor made_b = a_.generator->forward(c_, real_a), made_a = b_.generator->forward(c_, real_b);
  const bool identity = weights_.count() == 6;
  const CycleLoss loss = cycle_generator_loss(c_,
                                              {.real_a = real_a,
                                               .real_b = real_b,
                                               .scores_b = a_.judge->forward(c_, made_b),
                                               .scores_a = b_.judge->forward(c_, made_a),
                                               .cycled_a = b_.generator->forward(c_, made_b),
                                               .cycled_b = a_.generator->forward(c_, made_a),
                                               .same_a = identity ? b_.generator->forward(c_, real_a) : Tensor(),
                                               .same_b = identity ? a_.generator->forward(c_, real_b) : Tensor()},
                                              weights_, gan_);
  metrics.write("G_A", loss.gan_b);
  metrics.write("cycle_A", loss.cycle_a);
  if (identity) metrics.write("idt_A", loss.identity_b);
  metrics.write("G_B", loss.gan_a);
  metrics.write("cycle_B", loss.cycle_b);
  if (identity) metrics.write("idt_B", loss.identity_a);
  Tensor total = loss.total;
  if (semantic_) {
    const Tensor forth = (*semantic_)(c_, real_a, made_b), back = (*semantic_)(c_, real_b, made_a);
    metrics.write("sem_A", forth);
    metrics.write("sem_B", back);
    total = weighted_sum(c_, {total, forth, back}, semantic_weights_);
  }
  c_.backward(total);
  a_.generator_optimizer->step();
  b_.generator_optimizer->step();
  fake_a = made_a.detach();
  fake_b = made_b.detach();
}

void TranslateTask::learn_judge(Side& side, const Tensor& real, const Tensor& fake, const std::string& name,
                                Metrics& metrics) {
  if (side.pool)
    c_.run(SEGUE_KERNEL(image_pool), fake, out(side.pool), out(side.pool_count), c_.state().random_step(), out(fake),
           c_.next_random());
  const Tensor loss = discriminator_loss(c_, side.judge->forward(c_, fake), side.judge->forward(c_, real), gan_);
  metrics.write(name, loss);
  c_.backward(loss);
}

std::vector<std::string> TranslateTask::describe() const {
  std::vector<std::string> lines = {
      cat("generators: ", info_.blocks, " blocks, ", info_.filters, " filters, ", info_.skips ? "skips, " : "",
          info_.upsampling == Upsampling::resize ? "upsampling by resize, " : "",
          count_text(uint64_t(a_.generator->parameter_count())),
          " weights each; discriminators: ", count_text(uint64_t(a_.judge->parameter_count()))),
      "source: " + source_.describe(config_.get<std::string>("data.source")),
      "target: " + target_.describe(config_.get<std::string>("data.target"))};
  if (semantic_)
    lines.push_back(cat("keeps what ", segmenter_, " sees, weight ", config_.get<double>("loss.semantic")));
  return lines;
}

Json TranslateTask::data_fingerprint() const {
  Json all = Json::object();
  all.set("source", source_.loader->fingerprint()).set("target", target_.loader->fingerprint());
  if (semantic_) all.set("segmenter", segmenter_checksum_);
  return all;
}

std::vector<SavedPart> TranslateTask::saved() {
  GeneratorInfo info = info_;
  info.step = steps_;
  std::vector<SavedPart> parts;
  std::vector<NamedTensor> state, pools;
  const auto add = [](std::vector<NamedTensor>& list, const std::vector<NamedTensor>& more) {
    list.insert(list.end(), more.begin(), more.end());
  };
  for (Side* side : {&a_, &b_}) {
    const std::string name = side == &a_ ? "a" : "b";
    CycleGanGenerator* generator = side->generator.get();
    parts.push_back({side == &a_ ? kForth : kBack, generator->named_tensors(),
                     [generator, info](const std::string& path) { save_model(path, *generator, info); }});
    parts.push_back({"discriminator_" + name + ".safetensors", side->judge->named_tensors()});
    add(state, side->generator_optimizer->named_tensors());
    add(state, side->judge_optimizer->named_tensors());
    if (!side->pool) continue;
    side->saved_pool = to_host(side->pool);
    uint32_t count = 0;
    copy_memory(&count, side->pool_count.data(), sizeof count);
    side->saved_count = count;
    pools.push_back({"pool_" + name, View(side->saved_pool.data(), side->pool.shape(), DType::f32)});
    pools.push_back({"pool_" + name + ".count", View(&side->saved_count, {}, DType::i64)});
  }
  parts.push_back({"optim.safetensors", state});
  if (!pools.empty()) parts.push_back({"pools.safetensors", pools});
  return parts;
}

void TranslateTask::start(int64_t steps) {
  steps_ = steps;
  source_.feed->seek(steps);
  target_.feed->seek(steps);
  if (steps == 0) return;
  for (Side* side : {&a_, &b_}) {
    if (!side->pool) continue;
    from_host(side->pool, side->saved_pool);
    const auto count = uint32_t(std::clamp<int64_t>(side->saved_count, 0, side->pool.shape()[0]));
    copy_memory(side->pool_count.data(), &count, sizeof count);
  }
}

std::vector<Picture> TranslateTask::pictures() {
  std::vector<Picture> pictures;
  const Context::NoGrad no_grad(c_);
  for (Side* side : {&a_, &b_}) {
    const data::DataSet& set = *(side == &a_ ? source_ : target_).mix[0].set;
    Side& other = side == &a_ ? b_ : a_;
    for (Side* s : {side, &other}) s->generator->set_training(false);
    for (int64_t i = 0; i < std::min(kPictures, set.size()); ++i) {
      data::ExampleBuffer buffer;
      const data::Example example = set.read(i, buffer);
      // At the scale that the generators see, the shape of the image kept.
      const auto& resize = config_.get<std::vector<int64_t>>("data.resize");
      const auto size = shown_size({nullptr, resize[0], resize[1], 3}, kPicturePx);
      const data::Image image = data::resize_antialias(example.image, size[0], size[1]);
      const Tensor x = network_input(c_, image, kHalf, kHalf), y = side->generator->forward(c_, x);
      pictures.push_back(picture_of(
          cat(side == &a_ ? "source_" : "target_", i),
          beside({image, image_of(y, kHalf, kHalf), image_of(other.generator->forward(c_, y), kHalf, kHalf)})));
    }
    for (Side* s : {side, &other}) s->generator->set_training(true);
  }
  return pictures;
}

}  // namespace segue
