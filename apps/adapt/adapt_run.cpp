#include "adapt_run.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>

#include "apps/labelled_folder.h"
#include "apps/model_choice.h"
#include "apps/pseudo/pseudo_labels.h"
#include "apps/records/differing_members.h"
#include "apps/train/checkpoints.h"
#include "apps/train/interrupt.h"
#include "apps/train/run_log.h"
#include "apps/train/train_run.h"
#include "apps/translate_images.h"
#include "data/data_spec.h"
#include "data/label_counts.h"
#include "runtime/append_file.h"
#include "runtime/atomic_file.h"
#include "runtime/mapped_file.h"
#include "runtime/text.h"
#include "stage_configs.h"
#include "stage_score.h"

namespace segue {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr const char *kStages = "stages.json", *kData = "data.json";

/// The stages of the configuration with what an earlier life of the run has noted of them.
std::vector<StageRecord> restored(std::vector<StageRecord> stages, const std::string& file) {
  if (!fs::exists(file)) return stages;
  const MappedFile mapped(file);
  const std::vector<StageRecord> before =
      parse_stages({reinterpret_cast<const char*>(mapped.data()), mapped.bytes()}, file);
  const auto same = [](const StageRecord& a, const StageRecord& b) {
    return a.folder == b.folder && a.kind == b.kind && a.row == b.row && a.round == b.round;
  };
  if (!std::equal(before.begin(), before.end(), stages.begin(), stages.end(), same))
    throw Error(Fault::data, cat(quote(file), " does not list the stages of the run's configuration"));
  return before;
}

void require_finished(bool finished, const std::string& stage) {
  if (finished) return;
  throw Interrupted(InterruptWatch::signal(), cat("interrupted in stage ", stage));
}

}  // namespace

AdaptRun::AdaptRun(const Config& config, const RunFolder& run, const TrainCommand& command, const Json& images)
    : config_(config),
      run_(run),
      command_(command),
      classes_(data::load_class_table(config.get<std::string>("data.classes"))),
      stages_(restored(adapt_stages(config), run.file(kStages))) {
  // Rows of one table learn from the same images, over all lives of the run.
  const std::string file = run.file(kData);
  if (!fs::exists(file)) {
    write_file(file, images.dump(true) + "\n");
    return;
  }
  const MappedFile mapped(file);
  const Json before = Json::parse({reinterpret_cast<const char*>(mapped.data()), mapped.bytes()}, plain_text(file));
  if (const std::string differ = differing_members(before, images); !differ.empty())
    throw Error(Fault::usage, cat("the stages of a run learn from the same images, by their names; they have changed: ",
                                  differ, "; set them as they were, or begin another run"));
}

void AdaptRun::run() {
  const InterruptWatch watch;
  save();
  int64_t number = 0;
  for (StageRecord& s : stages_) {
    say(cat("stage ", ++number, " of ", stages_.size(), ", ", s.folder, ": ", s.title,
            s.state == StageState::done ? "; done before" : ""));
    if (s.state == StageState::done) continue;
    s.state = StageState::running;
    save();
    const Clock::time_point start = Clock::now();
    const double before = s.seconds;
    const auto add_time = [&] { s.seconds = before + std::chrono::duration<double>(Clock::now() - start).count(); };
    try {
      run_stage(s);
    } catch (const Interrupted&) {
      add_time();
      save();
      say(cat("interrupted in stage ", s.folder, "; to go on: ", go_on_text()));
      throw;
    } catch (const std::exception& e) {
      add_time();
      note_failure(e.what());
      throw;
    }
    add_time();
    s.state = StageState::done;
    save();
    if (s.score) say(cat(s.title, ": ", score_text(*s.score)));
  }
}

void AdaptRun::run_stage(StageRecord& s) {
  require_finished(go_on(), s.folder);
  switch (s.kind) {
    case StageKind::cyclegan: return train(stage_config(config_, s, run_.path()), path(s.folder));
    case StageKind::translate: return translate(path(s.folder));
    case StageKind::pseudo: return label(s);
    case StageKind::segment: {
      const bool from_teacher = s.row == StageRow::round && config_.get<std::string>("pseudo.student") == "teacher";
      train(stage_config(config_, s, run_.path(), from_teacher ? teacher_of(s.round) : ""), path(s.folder));
      return score(s);
    }
  }
}

/// Goes on where the stage's own folder says that it was.
void AdaptRun::train(const Config& config, const std::string& folder) {
  const bool begun = fs::exists(folder + "/config.toml");
  if (!begun) fs::remove_all(folder);  // made by a life that ended before it wrote anything
  train_run(config, folder,
            {.resume = begun,
             .allow_different_bits = command_.allow_different_bits,
             .arguments = command_.arguments,
             .go_on = go_on_text()});
}

void AdaptRun::translate(const std::string& folder) {
  const std::string& given = config_.get<std::string>("translate.weights");
  const std::string weights = given.empty() ? last_weights(kTranslator) : weight_file(given);
  const std::vector<int64_t> size = translated_size(config_);
  Context c(context_options(config_, ""));
  const OpenGenerator generator = open_generator(c, weights);
  const std::vector<data::DataShare> mix = data::open_mix(config_.get<std::string>("data.source"), classes_);
  for (size_t i = 0; i < mix.size(); ++i) {
    const data::DataSet& set = *mix[i].set;
    Json recipe = Json::object();
    recipe.set("weights", file_checksum(weights)).set("images", data::set_fingerprint(set));
    recipe.set("height", size[0]).set("width", size[1]).set("classes", classes_.name);
    OutputFolder out(translated_folder(run_.path(), i, mix.size()), "translate.json", std::move(recipe));
    const LabelledFolder labelled(out, classes_);
    const TranslateCounts counts = translate_images(
        c, *generator.model, set, out, &labelled, {.height = size[0], .width = size[1]}, [&] { return go_on(); },
        [&](const std::string& line) { keep(line); });
    require_finished(counts.finished, kTranslated);
    if (const std::string w = set.warnings(); !w.empty()) say("warning: " + w);
    if (counts.failed > 0)
      throw Error(Fault::data,
                  cat(counts.failed, " of ", set.size(), " images of ", quote(config_.get<std::string>("data.source")),
                      " could not be translated; mend them, and go on: ", go_on_text()));
    if (i == 0) save_translations(folder, set, labelled);
  }
}

void AdaptRun::label(const StageRecord& s) {
  const std::string weights = teacher_of(s.round);
  const auto& scales = config_.get<std::vector<double>>("pseudo.scales");
  PseudoOptions options{.threshold = config_.get<double>("pseudo.threshold"),
                        .share = at_round(config_, "pseudo.class_share", s.round)};
  options.views = predictor_options(config_);
  options.views.flip = config_.get<bool>("pseudo.flip");
  options.views.scales.clear();
  for (const double x : scales)
    if (std::find(options.views.scales.begin(), options.views.scales.end(), x) == options.views.scales.end())
      options.views.scales.push_back(x);

  Context c(context_options(config_, ""));
  const OpenSegmenter teacher = open_segmenter(c, weights);
  const auto set =
      data::open_data(config_.get<std::string>("data.target"), classes_, {.split = {}, .need_labels = false});
  Json recipe = Json::object();
  recipe.set("weights", file_checksum(weights)).set("images", data::set_fingerprint(*set));
  OutputFolder folder(path(s.folder), kPseudoRecipe, std::move(recipe));
  const LabelledFolder labels(folder, classes_);
  PseudoLabeller labeller(c, *teacher.model, teacher.info, options.views);
  const PseudoResult result = pseudo_label_set(
      c, labeller, *set, folder, labels, options, [&] { return go_on(); },
      [&](const std::string& line) { keep(line); });
  require_finished(result.finished, s.folder);
  say("\n" + pseudo_table(result.summary));
  if (result.unreadable > 0)
    throw Error(Fault::data, cat(result.unreadable, " of ", set->size(), " images of ",
                                 quote(config_.get<std::string>("data.target")),
                                 " could not be labelled; mend them, and go on: ", go_on_text()));
  if (result.summary.kept_px() == 0)
    throw Error(Fault::data, cat("the teacher is nowhere as confident as pseudo.threshold = ", options.threshold,
                                 ": no pixel has a label; lower it, or set pseudo.class_share"));
}

void AdaptRun::score(StageRecord& s) {
  const std::string& spec = config_.get<std::string>("data.val");
  if (spec.empty()) return;
  Context c(context_options(config_, ""));
  const OpenSegmenter model = open_segmenter(c, last_weights(s.folder));
  const auto set = data::open_data(spec, classes_, {.split = "val", .need_labels = true});
  const std::optional<StageScore> score = score_stage(
      c, *model.model, model.info, *set, classes_, predictor_options(config_), path(s.folder), [&] { return go_on(); });
  require_finished(score.has_value(), s.folder);
  s.score = score;
}

std::string AdaptRun::teacher_of(int64_t round) const {
  if (round > 1) return last_weights(round_folder(round - 1));
  return last_weights(config_.get<bool>("adapt.translate") ? kTeacher : kSourceOnly);
}

std::string AdaptRun::last_weights(const std::string& stage) const {
  const std::string checkpoint = Checkpoints(path(stage), 1).last();
  if (checkpoint.empty()) throw Error(Fault::data, cat("run ", quote(path(stage)), " has no checkpoint"));
  return weight_file(checkpoint);
}

std::string AdaptRun::go_on_text() const { return "segue adapt --resume=" + run_.path(); }

bool AdaptRun::go_on() const { return InterruptWatch::signal() == 0; }

void AdaptRun::save() { write_file(run_.file(kStages), stages_text(stages_)); }

void AdaptRun::note_failure(const std::string& what) noexcept {
  try {
    save();
    AppendFile(run_.file("adapt.log")).append("segue: error: " + what + "\n");
  } catch (const Error&) {  // a disk that is full: what is thrown says so
  }
}

void AdaptRun::say(const std::string& line) const {
  std::cerr << line + "\n" << std::flush;
  keep(line);
}

void AdaptRun::keep(const std::string& line) const { AppendFile(run_.file("adapt.log")).append(line + "\n"); }

}  // namespace segue
