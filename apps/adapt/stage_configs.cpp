#include "stage_configs.h"

#include <filesystem>

#include "kernels/error.h"

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
  StageSettings(const Config& adapt, Task task, const std::string& folder)
      : adapt_(adapt), task_(task), folder_(folder) {
    for (const Setting& s : schema(task))
      if (const std::string from = source_of(task, s.key); !from.empty()) set(s.key, adapt.value(from));
    const fs::path path = folder;
    set("log.dir", path.has_parent_path() ? path.parent_path().string() : std::string("."));
    set("log.name", path.filename().string());
  }
  void set(const std::string& key, const Value& value) { settings_.push_back(key + "=" + value_text(value)); }

  Config config() const {
    try {
      return parse_config(cat("task = \"", name_of(task_), "\"\n"), "", settings_);
    } catch (const Error& e) {
      std::string what = e.what();
      if (task_ == Task::translate)
        for (const Setting& s : schema(task_)) what = replaced(what, s.key, source_of(task_, s.key));
      throw Error(e.fault(), cat("stage ", fs::path(folder_).filename().string(), ": ", replaced(what, "--set ", "")));
    }
  }

 private:
  const Config& adapt_;
  Task task_;
  std::string folder_;
  std::vector<std::string> settings_;
};

}  // namespace

Config segment_config(const Config& adapt, const SegmentStage& stage) {
  StageSettings settings(adapt, Task::segment, stage.folder);
  settings.set("data.train", stage.train);
  settings.set("data.val", std::string());
  settings.set("data.statistics", stage.statistics);
  if (stage.steps > 0) settings.set("train.steps", stage.steps);
  if (stage.rate > 0) settings.set("optim.rate", stage.rate);
  if (!stage.init.empty()) settings.set("model.init", stage.init);
  if (stage.noise)
    for (const Setting& s : schema(Task::adapt))
      if (s.key.rfind("noise.", 0) == 0) settings.set("data." + name_in_table(s.key), adapt.value(s.key));
  return settings.config();
}

Config translate_config(const Config& adapt, const std::string& folder, const std::string& source_model) {
  StageSettings settings(adapt, Task::translate, folder);
  if (adapt.get<std::string>("translate.segmenter").empty()) {
    if (source_model.empty()) settings.set("loss.semantic", 0.0);
    settings.set("loss.segmenter", source_model);
  }
  return settings.config();
}

std::vector<int64_t> translated_size(const Config& adapt) {
  const auto& size = adapt.get<std::vector<int64_t>>("translate.size");
  return size[0] > 0 ? size : adapt.get<std::vector<int64_t>>("translate.resize");
}

}  // namespace segue
