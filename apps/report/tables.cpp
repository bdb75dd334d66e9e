// The tables of results and of classes.
#include <algorithm>
#include <cmath>

#include "chart.h"
#include "data/class_table.h"
#include "html.h"
#include "kernels/error.h"
#include "sections.h"

namespace segue::report {
namespace {

std::string number_cell(double share, int color) {
  if (!std::isfinite(share)) return "<td class=\"n\">&#8211;</td>";
  return cat("<td class=\"bars\"><span class=\"n\">", percent(share), "</span>", bar(share, color), "</td>");
}

std::string change(double points) {
  const std::string text = fixed(std::fabs(points), 1);
  if (text == "0.0") return "<td class=\"n\">0.0</td>";
  return points > 0 ? cat("<td class=\"n up\">+", text, "</td>") : cat("<td class=\"n down\">&#8722;", text, "</td>");
}

std::optional<double> iou_of(const StageScore& score, const std::string& name) {
  for (const auto& [k, value] : score.iou)
    if (k == name) return value;
  return std::nullopt;
}

/// Class names in the order of the first score, then what only later ones have.
std::vector<std::string> class_names(const std::vector<NamedScore>& scores) {
  std::vector<std::string> names;
  for (const NamedScore& s : scores)
    for (const auto& [name, value] : s.score->iou)
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  return names;
}

/// Where adaptation begins and where it ends: columns between which the gain is shown.
std::pair<const StageScore*, const StageScore*> ends_of(const RunData& run) {
  const StageScore *source = nullptr, *adapted = nullptr;
  for (const Stage* s : run.scored()) {
    if (s->record.row == StageRow::source) source = &*s->record.score;
    if (s->record.row == StageRow::translated || s->record.row == StageRow::round) adapted = &*s->record.score;
  }
  return {source, adapted};
}

}  // namespace

std::vector<NamedScore> scores_of(const RunData& run) {
  std::vector<NamedScore> all;
  for (const Stage* s : run.scored()) all.push_back({s->record.title, s->color, &*s->record.score});
  if (!run.staged && run.files.score) all.push_back({cat("step ", run.files.score_step), 1, &*run.files.score});
  for (size_t i = 0; i < run.files.evaluations.size(); ++i)
    all.push_back({run.files.evaluations[i].name, 2 + int(i % 5), &run.files.evaluations[i].score});
  return all;
}

std::string results_section(const RunData& run) {
  const std::vector<NamedScore> scores = scores_of(run);
  if (scores.empty()) return "";
  const std::vector<StageRecord> records = run.records();
  const auto known = [&](const StageRecord& r) { return gap_recovered(records, r).has_value(); };
  const bool gap = std::any_of(records.begin(), records.end(), known);
  const std::vector<const Stage*> stages = run.scored();
  std::string rows;
  for (size_t i = 0; i < scores.size(); ++i) {
    rows += cat("<tr><th scope=\"row\">", escaped(scores[i].name), "</th>",
                number_cell(scores[i].score->miou, scores[i].color),
                number_cell(scores[i].score->pixel_accuracy, scores[i].color));
    if (gap) {
      const auto share = i < stages.size() ? gap_recovered(records, stages[i]->record) : std::nullopt;
      rows += cat("<td class=\"n\">", share ? percent(*share, 0) + " %" : "&#8211;", "</td>");
    }
    rows += "</tr>\n";
  }
  return cat(
      "<p class=\"soft\">On the labelled images that the run is scored with. mIoU and pixel accuracy in percent.",
      gap ? " Gap recovered: how far a stage has come from the first row to the ceiling, by mIoU." : "",
      "</p>\n<div class=\"wide\"><table><thead><tr><th scope=\"col\">", run.staged ? "Stage" : "Evaluation",
      "</th><th scope=\"col\" class=\"n\">mIoU</th><th scope=\"col\" class=\"n\">Pixel accuracy</th>",
      gap ? "<th scope=\"col\" class=\"n\">Gap recovered</th>" : "", "</tr></thead>\n<tbody>\n", rows,
      "</tbody></table></div>\n");
}

std::string classes_section(const RunData& run) {
  const std::vector<NamedScore> scores = scores_of(run);
  const std::vector<std::string> names = class_names(scores);
  if (names.empty()) return "";
  const auto [source, adapted] = ends_of(run);
  const bool gain = source && adapted;

  std::string head = "<th scope=\"col\">Class</th>", rows;
  for (const NamedScore& s : scores) head += cat("<th scope=\"col\" class=\"n\">", escaped(s.name), "</th>");
  if (gain) head += "<th scope=\"col\" class=\"n\">Gain</th>";
  const std::vector<ClassLook> looks = classes_of(run);
  for (const std::string& name : names) {
    const auto look = std::find_if(looks.begin(), looks.end(), [&](const ClassLook& k) { return k.name == name; });
    rows += cat("<tr><th scope=\"row\">", look == looks.end() ? "" : swatch(look->rgb), escaped(name), "</th>");
    for (const NamedScore& s : scores) rows += number_cell(iou_of(*s.score, name).value_or(NAN), s.color);
    if (gain) {
      const auto before = iou_of(*source, name), after = iou_of(*adapted, name);
      rows += before && after ? change(100 * (*after - *before)) : "<td class=\"n\">&#8211;</td>";
    }
    rows += "</tr>\n";
  }
  rows += "<tr class=\"mean\"><th scope=\"row\">mean</th>";
  for (const NamedScore& s : scores) rows += number_cell(s.score->miou, s.color);
  if (gain) rows += change(100 * (adapted->miou - source->miou));
  return cat(
      "<p class=\"soft\">In percent: the share of a class's pixels, predicted or labelled, on which both agree. A "
      "dash: ",
      "the class is neither in the labels nor predicted.",
      gain ? " Gain: points from source images alone to the last adapted stage." : "",
      "</p>\n<div class=\"wide\"><table class=\"even\"><thead><tr>", head, "</tr></thead>\n<tbody>\n", rows,
      "</tr>\n</tbody></table></div>\n");
}

}  // namespace segue::report
