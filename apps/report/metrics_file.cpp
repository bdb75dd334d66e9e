// metrics.jsonl as curves, and the JSON of evaluations as scores.
#include <algorithm>
#include <cmath>

#include "kernels/error.h"
#include "run_data.h"
#include "runtime/text.h"

namespace segue::report {
namespace {

constexpr size_t kMostFile = size_t(1) << 30, kMostSeries = 200;

std::optional<double> share_of(const Json* v) {
  if (!v || !v->is_number()) return std::nullopt;
  const double x = v->number();
  return x >= 0 && x <= 1 ? std::optional(x) : std::nullopt;
}

void add_point(std::vector<Series>& all, const std::string& name, double step, double value) {
  auto it = std::find_if(all.begin(), all.end(), [&](const Series& s) { return s.name == name; });
  if (it == all.end()) {
    if (all.size() == kMostSeries) return;
    all.push_back({name, {}});
    it = std::prev(all.end());
  }
  it->points.emplace_back(step, value);
}

std::vector<std::pair<std::string, std::optional<double>>> ious_of(const Json* object) {
  std::vector<std::pair<std::string, std::optional<double>>> all;
  if (!object || !object->is_object()) return all;
  for (const auto& [name, value] : object->members()) all.emplace_back(name, share_of(&value));
  return all;
}

void take_line(const Json& line, RunFiles& run) {
  const double step = line.number("step");
  const bool val = line.text("kind") == "val";
  std::vector<Series>& series = val ? run.val : run.train;
  for (const auto& [name, value] : line.members())
    if (value.is_number() && name != "step" && name != "time" && name != "epoch")
      add_point(series, name, step, value.number());
  run.step = std::max(run.step, int64_t(std::clamp(step, 0.0, 1e15)));
  if (!val) return;
  const auto miou = share_of(line.find("miou")), accuracy = share_of(line.find("pixel_acc"));
  if (!miou) return;
  run.score = StageScore{*miou, accuracy.value_or(NAN), ious_of(line.find("iou"))};
  run.score_step = int64_t(std::clamp(step, 0.0, 1e15));
}

}  // namespace

void read_metrics(const std::string& path, RunFiles& run, Notes& notes) {
  const auto text = read_text(path, kMostFile, false, notes);
  if (!text) return;
  size_t damaged = 0, number = 0, first = 0;
  std::string what;
  for (size_t at = 0; at < text->size();) {
    const size_t end = std::min(text->find('\n', at), text->size());
    ++number;
    try {
      if (end > at) take_line(Json::parse(std::string_view(*text).substr(at, end - at), path), run);
    } catch (const Error& e) {
      if (damaged++ == 0) first = number, what = e.what();
    }
    at = end + 1;
  }
  if (damaged > 0)
    notes.push_back(cat(quote(path), ": ", damaged, damaged == 1 ? " line" : " lines",
                        " left out that cannot be read, the first is line ", first, ": ", what));
}

StageScore parse_evaluation(const std::string& text, const std::string& name) {
  const Json file = Json::parse(text, name);
  const auto miou = share_of(file.find("averageScoreClasses"));
  if (!miou)
    throw Error(Fault::data, cat(plain_text(name), ": expects averageScoreClasses, from 0 to 1; there is none"));
  const Json* own = file.find("segue");  // beside the keys of Cityscapes' scripts
  const auto accuracy = own ? share_of(own->find("pixelAccuracy")) : std::nullopt;
  return {*miou, accuracy.value_or(NAN), ious_of(file.find("classScores"))};
}

}  // namespace segue::report
