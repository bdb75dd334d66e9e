#include "stage_configs.h"

#include <filesystem>
#include <map>

#include "adapt_plan.h"
#include "data/class_table.h"
#include "data/data_set.h"
#include "data/data_spec.h"
#include "kernels/error.h"
#include "runtime/text.h"

namespace segue {
namespace {

namespace fs = std::filesystem;

std::string name_in_table(const std::string& key) { return key.substr(key.find('.') + 1); }

bool has_setting(Task task, const std::string& key) {
  for (const Setting& s : schema(task))
    if (s.key == key) return true;
  return false;
}

/// The setting of an adaptation that a setting of one of its stages takes its value from; "" if there is none.
std::string source_of(Task stage, const std::string& key) {
  const std::string own = "translate." + name_in_table(key);
  if (stage == Task::translate && has_setting(Task::adapt, own)) return own;
  return has_setting(Task::adapt, key) ? key : "";
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

/// Collects "key=VALUE" for a configuration of one stage.
class StageSettings {
 public:
  StageSettings(const Config& adapt, Task task, const std::string& folder) : task_(task), folder_(folder) {
    for (const Setting& s : schema(task))
      if (const std::string from = source_of(task, s.key); !from.empty()) set(s.key, adapt.value(from), from);
    const fs::path path = folder;
    set("log.dir", path.has_parent_path() ? path.parent_path().string() : std::string("."));
    set("log.name", path.filename().string());
  }
  /// `from`: the setting of the adaptation that the value comes from; empty: none.
  void set(const std::string& key, const Value& value, const std::string& from = {}) {
    settings_.push_back(key + "=" + value_text(value));
    if (!from.empty()) from_[key] = from;
  }

  Config config() const {
    try {
      return parse_config(cat("task = \"", name_of(task_), "\"\n"), "", settings_);
    } catch (const Error& e) {
      std::string what = e.what();
      for (const auto& [key, from] : from_)
        if (key != from) what = replaced(what, key, from);
      throw Error(e.fault(), cat("stage ", fs::path(folder_).filename().string(), ": ", replaced(what, "--set ", "")));
    }
  }

 private:
  Task task_;
  std::string folder_;
  std::vector<std::string> settings_;
  std::map<std::string, std::string> from_;  // by setting of the stage
};

}  // namespace

Config segment_config(const Config& adapt, const SegmentStage& stage) {
  StageSettings settings(adapt, Task::segment, stage.folder);
  settings.set("data.train", stage.train);
  settings.set("data.val", std::string());
  settings.set("data.statistics", stage.statistics);
  if (stage.steps > 0) settings.set("train.steps", stage.steps, "pseudo.steps");
  if (stage.rate > 0) settings.set("optim.rate", stage.rate, "pseudo.rate");
  if (!stage.init.empty()) settings.set("model.init", stage.init);
  if (stage.noise)
    for (const Setting& s : schema(Task::adapt))
      if (s.key.rfind("noise.", 0) == 0) settings.set("data." + name_in_table(s.key), adapt.value(s.key), s.key);
  return settings.config();
}

Config translate_config(const Config& adapt, const std::string& folder, const std::string& source_model) {
  StageSettings settings(adapt, Task::translate, folder);
  if (asks_source_only(adapt)) {
    if (source_model.empty()) settings.set("loss.semantic", 0.0);
    settings.set("loss.segmenter", source_model);
  }
  return settings.config();
}

namespace {

std::string in(const std::string& run, const std::string& stage) { return cat(run, '/', stage); }

/// The source images that a segmentation model learns from, with the share of each part: translated, or as they are.
std::vector<std::pair<double, std::string>> source_parts(const Config& adapt, const std::string& run) {
  const std::string& spec = adapt.get<std::string>("data.source");
  const data::ClassTable classes = data::load_class_table(adapt.get<std::string>("data.classes"));
  const std::vector<data::DataShare> mix = data::open_mix(spec, classes);
  const std::vector<data::MixPart> parts = data::parse_data_mix(spec);
  std::vector<std::pair<double, std::string>> all;
  const double plain = adapt.get<bool>("adapt.translate") ? adapt.get<double>("adapt.source_share") : 1;
  for (size_t i = 0; i < mix.size(); ++i) {
    if (plain < 1) all.emplace_back((1 - plain) * mix[i].share, folder_spec(translated_folder(run, i, mix.size())));
    if (plain > 0) all.emplace_back(plain * mix[i].share, parts[i].spec);
  }
  return all;
}

}  // namespace

std::string translated_folder(const std::string& run, size_t part, size_t parts) {
  return parts == 1 ? in(run, kTranslated) : cat(in(run, kTranslated), '/', part + 1);
}

Config stage_config(const Config& adapt, const StageRecord& s, const std::string& run, const std::string& init) {
  if (s.kind == StageKind::cyclegan) return translate_config(adapt, in(run, s.folder), in(run, kSourceOnly));
  SegmentStage stage{.folder = in(run, s.folder), .train = adapt.get<std::string>("data.source"), .init = init};
  switch (s.row) {
    case StageRow::ceiling: stage.train = adapt.get<std::string>("data.ceiling"); break;
    case StageRow::translated: stage.train = student_mix(source_parts(adapt, run), "", 0); break;
    case StageRow::round:
      stage.train = student_mix(source_parts(adapt, run), folder_spec(in(run, labels_folder(s.round))),
                                at_round(adapt, "pseudo.real_share", s.round));
      stage.steps = adapt.get<int64_t>("pseudo.steps");
      stage.rate = adapt.get<double>("pseudo.rate");
      stage.noise = true;
      break;
    default: break;
  }
  if (adapt.get<bool>("adapt.target_statistics") && (s.row == StageRow::translated || s.row == StageRow::round))
    stage.statistics = adapt.get<std::string>("data.target");
  return segment_config(adapt, stage);
}

std::vector<int64_t> translated_size(const Config& adapt) {
  const auto& size = adapt.get<std::vector<int64_t>>("translate.size");
  return size[0] > 0 ? size : adapt.get<std::vector<int64_t>>("translate.resize");
}

}  // namespace segue
