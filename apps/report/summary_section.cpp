#include <algorithm>
#include <cmath>

#include "apps/train/run_log.h"
#include "html.h"
#include "kernels/error.h"
#include "sections.h"

namespace segue::report {
namespace {

std::string tile(const std::string& value, const std::string& what, int color = -1) {
  return cat("<div class=\"tile", color >= 0 ? cat(" c", color) : "", "\"><span class=\"value\">", value,
             "</span><span class=\"what\">", escaped(what), "</span></div>\n");
}

const Stage* row_of(const RunData& run, StageRow row) {
  const Stage* last = nullptr;
  for (const Stage* s : run.scored())
    if (s->record.row == row) last = s;
  return last;
}

std::string progress(const RunData& run) {
  if (run.done()) return "";
  std::string where;
  if (run.staged) {
    const auto done = std::count_if(run.stages.begin(), run.stages.end(),
                                    [](const Stage& s) { return s.record.state == StageState::done; });
    where = cat(done, " of ", run.stages.size(), " stages are done");
    for (const Stage& s : run.stages)
      if (s.record.state == StageState::running) {
        where += cat("; at &#8220;", escaped(s.record.title), "&#8221;");
        if (s.files.total > 0) where += cat(", step ", s.files.step, " of ", s.files.total);
      }
  } else if (run.files.total > 0) {
    where = cat("step ", run.files.step, " of ", run.files.total);
  } else {
    where = cat("step ", run.files.step);
  }
  return cat("<p class=\"lead\"><strong>This run is not finished:</strong> ", where, ".</p>\n",
             run.files.last_line.empty()
                 ? ""
                 : cat("<p class=\"soft\">Its log ends with: <code>", escaped(run.files.last_line), "</code></p>\n"));
}

std::string adaptation(const RunData& run) {
  const Stage *source = row_of(run, StageRow::source), *ceiling = row_of(run, StageRow::ceiling);
  const Stage* adapted = row_of(run, StageRow::round);
  if (!adapted) adapted = row_of(run, StageRow::translated);
  if (!source) return "";
  const auto share = [](const Stage& s) { return "<strong>" + percent(s.record.score->miou) + " %</strong>"; };
  std::string text = cat("Trained on source images alone, the model reaches ", share(*source), " mIoU on the target. ");
  std::string tiles = tile(percent(source->record.score->miou) + " %", "mIoU, " + source->record.title, source->color);
  if (adapted) {
    const double gain = adapted->record.score->miou - source->record.score->miou;
    text += cat("With adaptation it reaches ", share(*adapted), ", ", percent(std::fabs(gain)), " points ",
                gain >= 0 ? "more" : "less");
    tiles += tile(percent(adapted->record.score->miou) + " %", "mIoU, " + adapted->record.title, adapted->color);
    if (const auto recovered = gap_recovered(run.records(), adapted->record)) {
      text += cat(": ", percent(*recovered, 0), " % of the gap to ", share(*ceiling),
                  ", which training on the target's own labels gives");
      tiles += tile(percent(*recovered, 0) + " %", "of the gap recovered", adapted->color);
    }
    text += ".";
  }
  if (ceiling)
    tiles += tile(percent(ceiling->record.score->miou) + " %", "mIoU, " + ceiling->record.title, ceiling->color);
  return cat("<p class=\"lead\">", text, "</p>\n<div class=\"tiles\">\n", tiles, "</div>\n");
}

std::string training(const RunData& run) {
  std::string tiles;
  if (const auto& score = run.files.score) {
    tiles += tile(percent(score->miou) + " %", cat("mIoU at step ", run.files.score_step), 1);
    if (std::isfinite(score->pixel_accuracy)) tiles += tile(percent(score->pixel_accuracy) + " %", "pixel accuracy", 1);
  }
  for (const Evaluation& e : run.files.evaluations) tiles += tile(percent(e.score.miou) + " %", "mIoU on " + e.name, 2);
  if (run.files.step > 0) tiles += tile(std::to_string(run.files.step), "steps");
  for (const Series& s : run.files.train)
    if (s.name == "loss") tiles += tile(short_number(s.points.back().second), "loss, at the end");
  if (run.files.seconds > 0) tiles += tile(duration_text(run.files.seconds), "of training");
  return tiles.empty() ? "" : cat("<div class=\"tiles\">\n", tiles, "</div>\n");
}

}  // namespace

std::string summary_section(const RunData& run) {
  return progress(run) + (run.staged ? adaptation(run) : training(run));
}

std::string notes_section(const RunData& run) {
  if (run.notes.empty()) return "";
  std::string items;
  for (const std::string& note : run.notes) items += cat("<li>", escaped(note), "</li>\n");
  return cat("<section class=\"notes\" aria-label=\"Notes\"><h2>What could not be shown</h2>\n<ul>\n", items,
             "</ul></section>\n");
}

}  // namespace segue::report
