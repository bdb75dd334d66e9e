#include "segment_task.h"

#include <algorithm>
#include <cmath>

#include "apps/model_classes.h"
#include "data/cutmix_box.h"
#include "data/held_out.h"
#include "initial_weights.h"
#include "losses/segmentation.h"
#include "runtime/memory.h"
#include "runtime/text.h"

namespace segue {
namespace {

constexpr const char* kBackbone = "backbone.";
// Loaders of one run draw from streams of their own.
constexpr uint32_t kTrainStream = 0, kPasteStream = 8;
// Random calls of boxes, far from those of steps and loaders.
constexpr uint32_t kBoxCall = 0xC0700000;

data::ClassTable class_table(const Config& config) {
  const data::ClassTable table = data::load_class_table(config.get<std::string>("data.classes"));
  if (const int64_t n = config.get<int64_t>("model.classes"); n != 0 && n != table.size())
    throw Error(Fault::usage, cat(config.origin("model.classes"), ": 'model.classes' expects ", table.size(),
                                  ", the classes of data.classes = ", quote(table.name), "; got ", n));
  return table;
}

SegmenterInfo info_of(const Config& config, const data::ClassTable& classes) {
  SegmenterInfo info;
  info.arch = config.get<std::string>("model.arch");
  info.output_stride = int(config.get<int64_t>("model.output_stride"));
  info.width = config.get<double>("model.width");
  info.aux = info.arch == "fcn" && config.get<bool>("model.aux");
  for (size_t i = 0; i < 3; ++i) {
    info.mean[i] = float(config.get<std::vector<double>>("data.mean")[i]);
    info.std[i] = float(config.get<std::vector<double>>("data.std")[i]);
  }
  describe_classes(info, classes);
  return info;
}

SegmenterTraining training_of(const Config& config) {
  return {.dropout = float(config.get<double>("model.dropout")), .recompute = config.get<bool>("model.recompute")};
}

}  // namespace

SegmentTask::SegmentTask(Context& c, const Config& config)
    : c_(c),
      config_(config),
      classes_(class_table(config)),
      info_(info_of(config, classes_)),
      model_(make_segmenter(info_, training_of(config))),
      schedule_(step_schedule(config)) {
  std::vector<data::DataShare> mix = open_setting(config, "data.train", classes_, {});
  open_val(mix);
  model_->allocate(c);
  if (const std::string& path = config.get<std::string>("model.init"); !path.empty())
    initial_ = load_initial_weights(*model_, path, kBackbone);
  optimizer_ = make_optimizer(c, *model_, config, "optimizer",
                              {{.prefix = kBackbone, .rate_factor = config.get<double>("optim.backbone_factor")}});
  if (config.get<double>("train.ema") > 0) {
    average_ = make_segmenter(info_, training_of(config));
    average_->allocate(c, false);
    average_->set_training(false);
    ema_ = std::make_unique<Ema>(c, *average_, *model_, "ema", Ema::Buffers::average);
  }
  if (config.get<std::string>("train.class_weights") == "inverse_log") {
    // Paszke et al. 2016, "ENet", arXiv:1606.02147, section 5.2.
    std::vector<float> weights;
    double sum = 0;
    for (const double share : class_shares(config, mix, classes_)) {
      weights.push_back(float(1 / std::log(1.02 + share)));
      sum += double(weights.back());
    }
    for (float& w : weights) w = float(double(w) * double(weights.size()) / sum);
    class_weights_ = c.persistent({int64_t(weights.size())}, DType::f32, "class_weights");
    from_host(class_weights_, weights);
  }
  train_ = make_train_data(c, config, mix, classes_, "train", kTrainStream, true);
  if (!config.get<std::string>("data.statistics").empty())
    statistics_ = std::make_unique<NormStatistics>(c, config, classes_);
  if (config.get<double>("data.cutmix") > 0) {
    paste_ = make_train_data(c, config, std::move(mix), classes_, "paste", kPasteStream, true);
    const data::AugmentOptions size = augment_options(config);
    mixed_ = std::make_unique<data::BatchInput>(c, "mixed",
                                                data::BatchInput::Options{.samples = images_per_step(),
                                                                          .height = size.height,
                                                                          .width = size.width,
                                                                          .cutmix = true,
                                                                          .input = input_options(config)});
  }
}

void SegmentTask::open_val(std::vector<data::DataShare>& train) {
  const double share = config_.get<double>("data.hold_out");
  if (!config_.get<std::string>("data.val").empty()) {
    if (share > 0)
      throw Error(Fault::usage, "'data.val' and 'data.hold_out' both say what to evaluate on; expects one of them");
    val_ = open_setting(config_, "data.val", classes_, {.split = "val"});
    return;
  }
  if (share == 0) return;
  for (data::DataShare& part : train) try {
      auto [learned, held] = data::hold_out(part.set, share);
      part.set = std::move(learned);
      val_.push_back({part.share, std::move(held)});
    } catch (const Error& e) {
      throw Error(e.fault(), cat("'data.hold_out' of set ", &part - &train[0] + 1, " of ",
                                 quote(config_.get<std::string>("data.train")), ": ", e.what()));
    }
}

int64_t SegmentTask::steps_per_epoch() const {
  return std::max<int64_t>(1, train_.loader->examples() / images_per_step());
}

std::vector<std::string> SegmentTask::describe() const {
  std::vector<std::string> lines = {cat("model: ", info_.arch, ", ", info_.classes, " classes, output stride ",
                                        info_.output_stride, ", width ", info_.width, ", ",
                                        count_text(uint64_t(model_->parameter_count())), " weights")};
  if (!initial_.empty()) lines.push_back(initial_);
  lines.push_back("train: " + train_.describe(config_.get<std::string>("data.train")));
  if (statistics_)
    lines.push_back("statistics: " + statistics_->data().describe(config_.get<std::string>("data.statistics")));
  if (!val_.empty()) {
    int64_t images = 0;
    for (const data::DataShare& part : val_) images += part.set->size();
    const std::string& val = config_.get<std::string>("data.val");
    lines.push_back(
        cat("val: ", val.empty() ? "held out of data.train" : val, ": ", count_text(uint64_t(images)), " images"));
  }
  return lines;
}

Json SegmentTask::data_fingerprint() const {
  Json all = Json::object().set("train", train_.loader->fingerprint());
  if (paste_.loader) all.set("paste", paste_.loader->fingerprint());
  if (statistics_) all.set("statistics", statistics_->data().loader->fingerprint());
  return all;
}

void SegmentTask::prepare(int64_t n) {
  rate_ = schedule_.rate(n);
  optimizer_->prepare(rate_);
  if (ema_) ema_->prepare(config_.get<double>("train.ema"));
  train_.feed->next();
  if (mixed_) plan_mix(n);
  steps_ = n + 1;
}

void SegmentTask::plan_mix(int64_t n) {
  paste_.feed->next();
  const data::AugmentOptions size = augment_options(config_);
  const RandomKey key{c_.options().seed, kBoxCall};
  for (int64_t i = 0; i < images_per_step(); ++i) {
    data::SamplePlan plan = train_.feed->plans()[size_t(i)];
    const RandomKey chance{key.seed, key.call + 1};
    if (random_uniform(chance, uint64_t(n), uint64_t(i)) < float(config_.get<double>("data.cutmix")))
      plan.box = data::random_cutmix_box(key, uint64_t(n), i, size.height, size.width);
    mixed_->plan(i, plan);
    mixed_->plan_paste(i, paste_.feed->plans()[size_t(i)]);
  }
}

data::InputBatch SegmentTask::make_batch() {
  return mixed_ ? mixed_->make(train_.feed->stored(), paste_.feed->stored()) : train_.feed->make();
}

double SegmentTask::waited_s() const {
  return train_.loader->wait_seconds() + (paste_.loader ? paste_.loader->wait_seconds() : 0);
}

void SegmentTask::step(Metrics& metrics) {
  learn(metrics);
  optimizer_->step();
  // In 16 bits it is that of the scaled loss, and of a step that is left out it is not finite.
  if (!c_.loss_scaler()) metrics.write("grad_square", optimizer_->square_sum());
  if (ema_) ema_->step();
}

void SegmentTask::learn(Metrics& metrics) {
  const data::InputBatch batch = make_batch();
  const Tensor loss = supervised_loss(model_->forward_low(c_, batch.x), batch, metrics);
  metrics.write("loss", loss);
  c_.backward(loss);
}

Tensor SegmentTask::supervised_loss(const Segmentation& out, const data::InputBatch& batch, Metrics& metrics) {
  SegmentationTarget target{.labels = batch.labels, .class_weights = class_weights_};
  if (class_weights_) target.options.normalizer = Normalizer::weights;
  const Tensor main = segmentation_loss(c_, out.logits, target);
  if (!out.aux) return main;
  const Tensor aux = segmentation_loss(c_, out.aux, target);
  metrics.write("loss_ce", main);
  metrics.write("loss_aux", aux);
  return add(c_, main, scale(c_, aux, float(config_.get<double>("train.aux_weight"))));
}

bool SegmentTask::finish(const std::function<bool(double)>& go_on) {
  const double models = average_ ? 2 : 1;
  return statistics_->collect(*model_, steps(), [&](double share) { return go_on(share / models); }) &&
         (!average_ ||
          statistics_->collect(*average_, steps(), [&](double share) { return go_on((1 + share) / models); }));
}

std::vector<SavedPart> SegmentTask::saved() {
  SegmenterInfo info = info_;
  info.step = steps_;
  std::vector<SavedPart> parts = {{"model.safetensors", model_->named_tensors(),
                                   [this, info](const std::string& path) { save_model(path, *model_, info); }}};
  std::vector<NamedTensor> state = optimizer_->named_tensors();
  if (ema_) {
    parts.push_back({"ema.safetensors", average_->named_tensors(),
                     [this, info](const std::string& path) { save_model(path, *average_, info); }});
    for (const NamedTensor& t : ema_->named_tensors()) state.push_back(t);
  }
  parts.push_back({"optim.safetensors", state});
  return parts;
}

void SegmentTask::start(int64_t steps) {
  steps_ = steps;
  train_.feed->seek(steps);
  if (paste_.feed) paste_.feed->seek(steps);
}

}  // namespace segue
