#include "adapt_plan.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "apps/train/run_log.h"
#include "data/data_spec.h"
#include "kernels/error.h"
#include "runtime/text.h"

namespace segue {
namespace {

/// The shortest text that reads back as the same number.
std::string number(double v) {
  char text[40];
  return {text, std::to_chars(text, text + sizeof text, v).ptr};
}

StageRecord stage(const std::string& name, const std::string& title, StageKind kind, StageRow row = StageRow::none,
                  int64_t round = 0) {
  StageRecord s;
  s.folder = name, s.title = title, s.kind = kind, s.row = row, s.round = round;
  return s;
}

}  // namespace

std::string round_folder(int64_t round) { return cat("round-", round); }
std::string labels_folder(int64_t round) { return round_folder(round) + "-labels"; }

bool asks_source_only(const Config& config) {
  return config.get<bool>("adapt.translate") && config.get<double>("translate.semantic") > 0 &&
         config.get<std::string>("translate.segmenter").empty() && config.get<std::string>("translate.weights").empty();
}

std::vector<StageRecord> adapt_stages(const Config& config) {
  const bool translates = config.get<bool>("adapt.translate"), source_only = config.get<bool>("adapt.source_only");
  std::vector<StageRecord> stages;
  if (config.get<bool>("adapt.target_statistics") && !translates && config.get<int64_t>("pseudo.rounds") == 0)
    throw Error(Fault::usage,
                "adapt.target_statistics expects a teacher of translated images or students, adapt.translate = true or "
                "pseudo.rounds above 0; there is neither");
  // Without translation the teacher is what source only is: one training for both.
  if (source_only || !translates)
    stages.push_back(stage(kSourceOnly, "source only", StageKind::segment, StageRow::source));
  if (translates) {
    if (!source_only && asks_source_only(config))
      throw Error(Fault::usage,
                  "translate.semantic expects a model of the source: adapt.source_only = true or translate.segmenter");
    if (config.get<std::string>("translate.weights").empty())
      stages.push_back(stage(kTranslator, "CycleGAN between source and target", StageKind::cyclegan));
    stages.push_back(stage(kTranslated, "source images in the target's style", StageKind::translate));
    stages.push_back(stage(kTeacher, "translated", StageKind::segment, StageRow::translated));
  }
  for (int64_t round = 1; round <= config.get<int64_t>("pseudo.rounds"); ++round) {
    stages.push_back(stage(labels_folder(round), cat("labels of the teacher, round ", round), StageKind::pseudo,
                           StageRow::none, round));
    stages.push_back(
        stage(round_folder(round), cat("+ self-training, round ", round), StageKind::segment, StageRow::round, round));
  }
  if (!config.get<std::string>("data.ceiling").empty())
    stages.push_back(stage(kCeiling, "ceiling (target labels)", StageKind::segment, StageRow::ceiling));
  return stages;
}

double at_round(const Config& config, const char* key, int64_t round) {
  const auto& ends = config.get<std::vector<double>>(key);
  const int64_t rounds = config.get<int64_t>("pseudo.rounds");
  if (rounds <= 1) return ends[0];
  return ends[0] + (ends[1] - ends[0]) * double(round - 1) / double(rounds - 1);
}

std::string student_mix(const std::vector<std::pair<double, std::string>>& source, const std::string& pseudo,
                        double real) {
  std::string mix;
  const auto add = [&](double share, const std::string& spec) {
    if (share > 0) mix += cat(mix.empty() ? "" : " + ", number(share), '*', spec);
  };
  for (const auto& [share, spec] : source) add(share * (1 - real), spec);
  add(real, pseudo);
  return mix;
}

std::string folder_spec(const std::string& path) {
  if (path.find('?') != std::string::npos)
    throw Error(Fault::usage,
                cat("expects a run folder without '?', which means something in data specs; got ", quote(path)));
  std::string spec = "folder:";
  for (const char ch : path) spec += ch == '$' ? std::string("$$") : std::string(1, ch);
  if (data::parse_data_mix(spec).size() != 1)
    throw Error(
        Fault::usage,
        cat("expects a run folder whose name means nothing in data specs; this one reads as a mix: ", quote(path)));
  return spec;
}

std::string result_table(const std::vector<StageRecord>& stages) {
  size_t width = 0;
  for (const StageRecord& s : stages)
    if (s.score) width = std::max(width, s.title.size());
  if (width == 0) return "";
  const auto row = [&](std::string title, const std::string& miou, const std::string& accuracy, const std::string& gap,
                       const std::string& time) {
    title.resize(width + 2, ' ');
    char line[160];
    std::snprintf(line, sizeof line, "%7s%11s%15s%12s\n", miou.c_str(), accuracy.c_str(), gap.c_str(), time.c_str());
    return title + line;
  };
  const auto percent = [](double share) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f", 100 * share);
    return std::string(text);
  };
  std::string text = row("", "mIoU", "pixel acc", "gap recovered", "time");
  for (const StageRecord& s : stages) {
    if (!s.score) continue;
    const std::optional<double> gap = gap_recovered(stages, s);
    text += row(s.title, percent(s.score->miou), percent(s.score->pixel_accuracy), gap ? percent(*gap) + " %" : "-",
                duration_text(s.seconds));
  }
  return text;
}

}  // namespace segue
