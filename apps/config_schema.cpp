// The settings of every task: keys, defaults, units, meanings, limits.
#include <algorithm>

#include "config.h"
#include "kernels/error.h"
#include "runtime/text.h"

namespace segue {
namespace {

using Settings = std::vector<Setting>;

constexpr double kNone = std::numeric_limits<double>::infinity();
constexpr Range kPositive{0, kNone, true};
constexpr Range kNotNegative{0, kNone, false};
constexpr Range kShare{0, 1, false};

Range at_least(double least) { return {least, kNone, false}; }
Range between(double least, double most) { return {least, most, false}; }

Value text(const char* t) { return std::string(t); }
Value number(double v) { return v; }
Value integer(int64_t v) { return v; }
Value numbers(std::vector<double> v) { return v; }
Value integers(std::vector<int64_t> v) { return v; }

Settings operator+(Settings a, const Settings& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Settings segmentation_model() {
  return {
      {"model.arch", text("deeplabv3plus"), "", "architecture, on a ResNet-50", {}, {"deeplabv3plus", "fcn"}},
      {"model.classes", integer(0), "", "classes; 0: those of data.classes, and no other number will do",
       between(0, 255)},
      {"model.output_stride",
       integer(16),
       "px",
       "input pixels per pixel of the last features; fcn has 8",
       {},
       {"8", "16"}},
      {"model.width", number(1), "", "multiplies all channel counts but the classes", {0, 4, true}},
      {"model.dropout", number(0.1), "", "share dropped in front of the classifier, in training", {0, 0.95, false}},
      {"model.aux", Value(true), "", "auxiliary head on the third stage, in training; fcn only"},
      {"model.recompute", Value(false), "", "keep less for the backward pass and compute it again: slower, smaller"},
      {"model.init", text(""), "", "safetensors file to start from; empty: initial values from the seed"},
  };
}

Settings normalisation() {
  return {
      {"data.mean", numbers({0.485, 0.456, 0.406}), "", "of red, green, blue in [0,1]", between(0, 1)},
      {"data.std", numbers({0.229, 0.224, 0.225}), "", "of red, green, blue in [0,1]", kPositive},
      {"data.workers", integer(2), "threads", "that read and decode images", between(1, 256)},
  };
}

Settings crops(int64_t height, int64_t width) {
  return {
      {"data.crop", integers({height, width}), "px", "height and width of a training sample", between(32, 8192)},
      {"data.flip", Value(true), "", "mirror half of the samples, left to right"},
  };
}

Settings augmentation() {
  return {
      {"data.resize", integers({0, 0}), "px", "height and width that images are brought to first; 0: as they are",
       between(0, 8192)},
      {"data.scale", numbers({0.5, 2.0}), "", "least and largest random scale of a sample", {0, 16, true}},
      {"data.jitter", number(0.25), "", "strength of random brightness, contrast and saturation; 0: none", kShare},
      {"data.hue", number(0), "turns", "most of a random turn of the hue; 0: none", between(0, 0.5)},
      {"data.grey", number(0), "", "share of samples without colour", kShare},
      {"data.blur", number(0), "", "share of samples that are blurred", kShare},
      {"data.cutout", number(0), "", "share of samples with a box painted over", kShare},
      {"data.max_share", number(1), "", "a crop with more than this of one class is drawn again; 1: never", kShare},
      {"data.rare_temperature", number(0), "", "rare-class sampling: temperature, such as 0.01; 0: none", kNotNegative},
  };
}

Settings optimiser(const char* kind, double rate, std::vector<double> betas) {
  return {
      {"optim.kind", text(kind), "", "optimiser", {}, {"sgd", "adam"}},
      {"optim.rate", number(rate), "", "learning rate at the start", kPositive},
      {"optim.momentum", number(0.9), "", "sgd: share of the last step kept", {0, 0.9999, false}},
      {"optim.nesterov", Value(false), "", "sgd: look ahead along the momentum"},
      {"optim.betas",
       numbers(betas),
       "",
       "adam: decay of the means of gradients and of their squares",
       {0, 0.99999, false}},
      {"optim.epsilon", number(1e-8), "", "adam: added to the root of the second mean", kPositive},
      {"optim.max_norm", number(0), "", "clip the gradient to this norm; 0: never", kNotNegative},
  };
}

Settings step_schedule() {
  return {
      {"optim.backbone_factor", number(0.1), "", "rate of the backbone, as a multiple of optim.rate", kNotNegative},
      {"optim.weight_decay", number(1e-4), "", "L2 decay", kNotNegative},
      {"optim.schedule",
       text("poly"),
       "",
       "rate over the run; linear is poly of power 1",
       {},
       {"poly", "linear", "constant"}},
      {"optim.power", number(0.9), "", "poly: exponent", kPositive},
      {"optim.floor", number(1e-6), "", "poly, linear: smallest rate", kNotNegative},
      {"optim.warm_up_steps", integer(0), "steps", "over which the rate rises from 0", kNotNegative},
  };
}

Settings training(int64_t batch) {
  return {
      {"train.batch", integer(batch), "images", "per step", between(1, 4096)},
      {"train.seed", integer(0), "", "of every random choice", kNotNegative},
      {"train.device", text("auto"), "", "auto: cuda if there is one, else cpu", {}, {"auto", "cpu", "cuda"}},
      {"train.precision",
       text("f32"),
       "",
       "of convolutions; the cpu computes f32",
       {},
       {"f32", "tf32", "bf16", "fp16"}},
      {"train.threads", integer(0), "threads", "of the cpu; 0: OMP_NUM_THREADS, else all cores", between(0, 1024)},
      {"train.shadow", Value(false), "",
       "of cuda: run the cpu's kernel beside every kernel, and stop where they differ by more than rounding"},
      {"train.watch_nan", Value(false), "", "stop at the first kernel that writes a value that is not finite"},
  };
}

Settings logging(const char* name, int64_t checkpoint_every) {
  return {
      {"log.dir", text("runs"), "", "folder of run folders"},
      {"log.name", text(name), "", "name of the run's folder"},
      {"log.every", integer(50), "steps", "between lines of the log", at_least(1)},
      {"log.checkpoint_every", integer(checkpoint_every), "steps", "between checkpoints", at_least(1)},
      {"log.keep", integer(2), "", "checkpoints kept beside the best", between(1, 1000)},
  };
}

Settings steps(int64_t count) {
  return {{"train.steps", integer(count), "steps", "of training", at_least(1)},
          {"train.eval_every", integer(2000), "steps", "between evaluations", at_least(1)},
          {"train.aux_weight", number(0.4), "", "of the auxiliary head's loss", kNotNegative}};
}

Settings segment() {
  const Settings data = {
      {"data.train", text(""), "", "labelled training images, as cityscapes:PATH, or 0.7*gta5:A + 0.3*folder:B"},
      {"data.val", text(""), "",
       "labelled images to evaluate on, likewise, of sets with splits val; empty: data.hold_out"},
      {"data.hold_out",
       number(0),
       "",
       "share of data.train that is not learned from but evaluated on; 0: none, and no checkpoint is the best",
       {0, 0.9, false}},
      {"data.statistics", text(""), "",
       "images that the batch norms take their statistics from in the end, as cityscapes:PATH; empty: those of "
       "training"},
      {"data.classes", text("cityscapes"), "", "class table: cityscapes, or a TOML file"},
      {"data.cutmix", number(0), "", "share of samples with a box of another sample pasted in", kShare},
  };
  const Settings losses = {
      {"train.ema",
       number(0),
       "",
       "decay of a moving average of the weights, which is then evaluated; 0: none",
       {0, 0.999999, false}},
      {"train.class_weights",
       text("none"),
       "",
       "of the loss: inverse_log is 1 / ln(1.02 + share of the class), with mean 1",
       {},
       {"none", "inverse_log"}},
  };
  return segmentation_model() + data + crops(512, 1024) + augmentation() + normalisation() +
         optimiser("sgd", 0.01, {0.9, 0.999}) + step_schedule() + steps(40000) + losses + training(8) +
         logging("segment", 2000);
}

Settings translate() {
  const Settings model = {
      {"model.blocks", integer(9), "", "residual blocks of a generator: 6 up to 128x128 px, 9 from 256x256",
       between(1, 32)},
      {"model.filters", integer(64), "", "of the first layer of a generator", between(1, 1024)},
      {"model.discriminator_filters", integer(64), "", "of the first layer of a discriminator", between(1, 1024)},
      {"model.dropout", number(0), "", "share dropped in residual blocks, in training", {0, 0.95, false}},
      {"model.skips", Value(false), "",
       "a generator hands outlines on from its way down to its way up: for runs of some thousand steps"},
      {"model.upsampling",
       text("transposed"),
       "",
       "of a generator: transposed convolutions, as in the paper, or resize and convolution, which draw no grid",
       {},
       {"transposed", "resize"}},
      {"model.init", text(""), "", "folder of weights to start from; empty: initial values from the seed"},
  };
  const Settings data = {
      {"data.source", text(""), "", "images to translate from, as gta5:PATH"},
      {"data.target", text(""), "", "images to translate to, as cityscapes:PATH"},
      {"data.resize", integers({286, 286}), "px", "height and width of an image before the crop", between(32, 8192)},
      {"data.workers", integer(2), "threads", "that read and decode images", between(1, 256)},
  };
  const Settings loss = {
      {"loss.adversarial", text("lsgan"), "", "loss of the discriminators", {}, {"lsgan", "bce"}},
      {"loss.cycle", number(10), "", "weight of the way there and back", kNotNegative},
      {"loss.identity", number(0.5), "", "weight of leaving the own domain as it is, as a multiple of loss.cycle",
       kNotNegative},
      {"loss.semantic", number(0), "", "weight of translations that keep what loss.segmenter sees; 0: none",
       kNotNegative},
      {"loss.segmenter", text(""), "", "segmentation model of the source's domain, or its run"},
      {"loss.pool", integer(50), "images", "of the past that discriminators see; 0: only the newest",
       between(0, 10000)},
  };
  const Settings schedule = {
      {"optim.schedule", text("linear"), "", "rate over the run", {}, {"linear", "constant"}},
      {"optim.constant_epochs", integer(100), "epochs", "at the full rate", kNotNegative},
      {"optim.decay_epochs", integer(100), "epochs", "in which the rate falls to 0", kNotNegative},
      {"optim.weight_decay", number(0), "", "L2 decay", kNotNegative},
      {"train.steps", integer(0), "steps",
       "of training, in which the epochs of the schedule become parts of the run; 0: by epochs", kNotNegative},
  };
  return model + data + crops(256, 256) + loss + optimiser("adam", 2e-4, {0.5, 0.999}) + schedule + training(1) +
         logging("translate", 5000);
}

/// All but some.
Settings without(const Settings& all, const std::vector<std::string>& keys) {
  Settings rest;
  for (const Setting& s : all)
    if (std::find(keys.begin(), keys.end(), s.key) == keys.end()) rest.push_back(s);
  return rest;
}

/// The settings of task translate that an adaptation does not share with its other stages, in one table.
Settings translate_stage() {
  Settings stage = {
      {"translate.weights", text(""), "", "a generator from source to target, or its run; empty: one is trained"},
      {"translate.size", integers({0, 0}), "px", "height and width of translated images; 0: those of translate.resize",
       between(0, 8192)},
  };
  for (const Setting& s : without(translate(), {"data.source", "data.target", "data.workers"})) {
    const std::string table = s.key.substr(0, s.key.find('.')), name = s.key.substr(s.key.find('.') + 1);
    if (table == "log" || (table == "train" && name != "steps" && name != "batch")) continue;
    stage.push_back(s);
    stage.back().key = "translate." + name;
    if (name == "identity")
      stage.back().help = "weight of leaving the own domain as it is, as a multiple of translate.cycle";
    if (name == "semantic")
      stage.back().help = "weight of translations that keep what translate.segmenter sees; 0: none";
    if (name == "segmenter")
      stage.back().help = "segmentation model of the source, or its run; empty: that of the stage source-only";
  }
  return stage;
}

Settings adapt() {
  const Settings data = {
      {"adapt.source_only", Value(true), "", "also train on the source images as they are, for comparison"},
      {"adapt.translate", Value(true), "", "train on translated images; false: on the source images as they are"},
      {"adapt.target_statistics", Value(false), "",
       "a teacher of translated images and students end with batch norms that have their statistics from data.target"},
      {"adapt.source_share", number(0), "",
       "share of source images as they are among the labelled ones; the rest is translated", kShare},
      {"data.source", text(""), "", "labelled images, as gta5:PATH, or 0.7*gta5:A + 0.3*synthia:B"},
      {"data.target", text(""), "", "real images, as cityscapes:PATH; their labels are not looked at"},
      {"data.val", text(""), "", "labelled real images to score on, as cityscapes:PATH?split=val; empty: no scores"},
      {"data.ceiling", text(""), "", "labelled real training images, for comparison; empty: no such row"},
  };
  const Settings noise = {
      {"noise.cutmix", number(0.5), "", "share of a student's samples with a box of another sample pasted in", kShare},
      {"noise.jitter", number(0.5), "", "of a student's samples: as data.jitter", kShare},
      {"noise.hue", number(0.1), "turns", "likewise: as data.hue", between(0, 0.5)},
      {"noise.grey", number(0.2), "", "likewise: as data.grey", kShare},
      {"noise.blur", number(0.5), "", "likewise: as data.blur", kShare},
      {"noise.cutout", number(0), "", "likewise: as data.cutout", kShare},
  };
  const Settings rounds = {
      {"pseudo.rounds", integer(2), "", "of labelling real images and training again; 0: none", between(0, 100)},
      {"pseudo.real_share", numbers({0.25, 0.5}), "", "share of real images in a batch: first and last round", kShare},
      {"pseudo.threshold", number(0.9), "", "least confidence of a pseudo-label", kShare},
      {"pseudo.class_share", numbers({0.2, 0.5}), "",
       "first and last round: a class of which less is as confident keeps this most confident share; 0: none", kShare},
      {"pseudo.flip", Value(true), "", "the teacher averages over mirrored images"},
      {"pseudo.scales",
       numbers({0.75, 1, 1.25}),
       "",
       "and over these scales; equal ones count once",
       {0.05, 16, false}},
      {"pseudo.student",
       text("fresh"),
       "",
       "a student starts as model.init says, or from its teacher",
       {},
       {"fresh", "teacher"}},
      {"pseudo.steps", integer(0), "steps", "of training a student; 0: train.steps", kNotNegative},
      {"pseudo.rate", number(0), "", "a student's learning rate at the start; 0: optim.rate", kNotNegative},
  };
  return data +
         without(segment(), {"data.train", "data.val", "data.hold_out", "data.statistics", "train.eval_every",
                             "log.dir", "log.name", "log.every", "log.checkpoint_every", "log.keep"}) +
         translate_stage() + rounds + noise + logging("adapt", 2000);
}

}  // namespace

const char* name_of(Task task) {
  return task == Task::segment ? "segment" : task == Task::translate ? "translate" : "adapt";
}

Task task_named(const std::string& name) {
  for (const Task task : {Task::segment, Task::translate, Task::adapt})
    if (name == name_of(task)) return task;
  throw Error(Fault::usage, cat("expects a task: segment, translate or adapt; got ", quote(name),
                                did_you_mean(name, {"segment", "translate", "adapt"})));
}

const std::vector<Setting>& schema(Task task) {
  static const Settings kSegment = segment(), kTranslate = translate(), kAdapt = adapt();
  return task == Task::segment ? kSegment : task == Task::translate ? kTranslate : kAdapt;
}

}  // namespace segue
