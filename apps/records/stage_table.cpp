#include "stage_table.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/error.h"
#include "runtime/text.h"

namespace segue {
namespace {

constexpr int64_t kFormat = 1;

constexpr std::array kKinds = {"cyclegan", "translate", "segment", "pseudo"};
constexpr std::array kRows = {"", "source", "translated", "round", "ceiling"};
constexpr std::array kStates = {"waiting", "running", "done"};

template <class Word, size_t n>
Word word_of(const Json& object, const char* key, const std::array<const char*, n>& words) {
  const std::string& text = object.text(key);
  const auto it = std::find(words.begin(), words.end(), text);
  if (it == words.end())
    throw Error(Fault::data, cat("expects a known ", key, " of a stage; got ", quote(text),
                                 did_you_mean(text, {words.begin(), words.end()})));
  return Word(it - words.begin());
}

double share_of(const Json& v, const char* what) {
  const double x = v.number();
  if (!(x >= 0 && x <= 1)) throw Error(Fault::data, cat("expects ", what, " from 0 to 1; got ", x));
  return x;
}

/// A path that stays below the run's folder.
const std::string& folder_of(const Json& object) {
  const std::string& folder = object.text("folder");
  bool fine = !folder.empty() && folder[0] != '/' && folder.find('\0') == std::string::npos;
  for (size_t at = 0; at < folder.size();) {
    const size_t end = std::min(folder.find('/', at), folder.size());
    fine = fine && folder.substr(at, end - at) != "..";
    at = end + 1;
  }
  if (!fine) throw Error(Fault::data, cat("expects a folder below the run's own; got ", quote(folder)));
  return folder;
}

Json json_of(const StageScore& score) {
  Json iou = Json::object();
  for (const auto& [name, value] : score.iou) iou.set(name, value ? Json(*value) : Json());
  return Json::object().set("miou", score.miou).set("pixel_accuracy", score.pixel_accuracy).set("iou", iou);
}

StageScore score_of(const Json& v) {
  StageScore score{share_of(v.at("miou"), "miou"), share_of(v.at("pixel_accuracy"), "pixel_accuracy"), {}};
  for (const auto& [name, value] : v.at("iou").members())
    score.iou.emplace_back(name, value.is_null() ? std::nullopt : std::optional(share_of(value, "an IoU")));
  return score;
}

StageRecord stage_of(const Json& v) {
  StageRecord s;
  s.folder = folder_of(v);
  s.title = v.text("title");
  s.kind = word_of<StageKind>(v, "kind", kKinds);
  s.row = word_of<StageRow>(v, "row", kRows);
  s.round = v.integer("round");
  s.state = word_of<StageState>(v, "state", kStates);
  s.seconds = v.number("seconds");
  if (!(s.seconds >= 0)) throw Error(Fault::data, cat("expects seconds from 0; got ", s.seconds));
  if (const Json& score = v.at("score"); !score.is_null()) s.score = score_of(score);
  return s;
}

const StageRecord* scored_row(const std::vector<StageRecord>& stages, StageRow row) {
  for (const StageRecord& s : stages)
    if (s.row == row && s.score) return &s;
  return nullptr;
}

}  // namespace

const char* name_of(StageKind kind) { return kKinds[size_t(kind)]; }
const char* name_of(StageRow row) { return kRows[size_t(row)]; }
const char* name_of(StageState state) { return kStates[size_t(state)]; }

std::string stages_text(const std::vector<StageRecord>& stages) {
  Json list = Json::array();
  for (const StageRecord& s : stages)
    list.push(Json::object()
                  .set("folder", s.folder)
                  .set("title", s.title)
                  .set("kind", name_of(s.kind))
                  .set("row", name_of(s.row))
                  .set("round", s.round)
                  .set("state", name_of(s.state))
                  .set("seconds", s.seconds)
                  .set("score", s.score ? json_of(*s.score) : Json()));
  return Json::object().set("format", kFormat).set("stages", list).dump(true) + "\n";
}

std::vector<StageRecord> parse_stages(const std::string& text, const std::string& name) {
  const Json file = Json::parse(text, name);
  try {
    if (const int64_t format = file.integer("format"); format != kFormat)
      throw Error(Fault::data, cat("expects a table of stages of format ", kFormat, "; got ", format));
    std::vector<StageRecord> stages;
    for (const Json& s : file.at("stages").elements()) stages.push_back(stage_of(s));
    return stages;
  } catch (const Error& e) {
    throw Error(Fault::data, cat(plain_text(name), ": ", e.what()));
  }
}

std::optional<double> gap_recovered(const std::vector<StageRecord>& stages, const StageRecord& stage) {
  const StageRecord *source = scored_row(stages, StageRow::source), *ceiling = scored_row(stages, StageRow::ceiling);
  if (!source || !ceiling || !stage.score) return std::nullopt;
  const double gap = ceiling->score->miou - source->score->miou;
  if (!(gap > 0)) return std::nullopt;
  return (stage.score->miou - source->score->miou) / gap;
}

}  // namespace segue
