#include "seed_table.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "html.h"
#include "kernels/error.h"
#include "runtime/text.h"

namespace segue::report {
namespace {

using Values = std::vector<double>;

std::vector<StageRecord> scored(const std::vector<StageRecord>& stages) {
  std::vector<StageRecord> all;
  for (const StageRecord& s : stages)
    if (s.score) all.push_back(s);
  return all;
}

/// "41.2", of several "41.2 ± 0.8"; a dash if a value is missing.
std::string spread_text(const Values& shares, bool signs = false) {
  double sum = 0, square = 0;
  for (const double v : shares) sum += v;
  const double mean = sum / double(shares.size());
  for (const double v : shares) square += (v - mean) * (v - mean);
  if (!std::isfinite(mean)) return "-";
  const std::string text = (signs && mean > 0 ? "+" : "") + percent(mean);
  return shares.size() == 1 ? text : cat(text, " \xC2\xB1 ", percent(std::sqrt(square / double(shares.size() - 1))));
}

/// Of every run the value of scored stage `row`.
Values of_runs(const std::vector<SeedRun>& runs, size_t row,
               const std::function<double(const SeedRun&, const StageRecord&)>& value) {
  Values all;
  for (const SeedRun& r : runs) all.push_back(value(r, scored(r.stages)[row]));
  return all;
}

double miou_of(const SeedRun&, const StageRecord& s) { return s.score->miou; }
double accuracy_of(const SeedRun&, const StageRecord& s) { return s.score->pixel_accuracy; }
double gap_of(const SeedRun& r, const StageRecord& s) { return gap_recovered(r.stages, s).value_or(NAN); }

void check(const std::vector<SeedRun>& runs) {
  const std::vector<StageRecord> first = scored(runs.at(0).stages);
  if (first.empty())
    throw Error(Fault::data, cat(quote(runs[0].name), ": expects stages with scores; there are none yet"));
  for (const SeedRun& r : runs) {
    const std::vector<StageRecord> own = scored(r.stages);
    const auto same = [](const StageRecord& a, const StageRecord& b) {
      const auto same_class = [](const auto& x, const auto& y) { return x.first == y.first; };
      return a.title == b.title &&
             std::equal(a.score->iou.begin(), a.score->iou.end(), b.score->iou.begin(), b.score->iou.end(), same_class);
    };
    if (!std::equal(first.begin(), first.end(), own.begin(), own.end(), same))
      throw Error(Fault::data, cat(quote(r.name), ": expects the scored stages and classes of ", quote(runs[0].name),
                                   "; got others"));
  }
}

/// A cell of a Markdown table: on one line, its bars not those of the table.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : plain_text(text)) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

std::string gains(const std::vector<SeedRun>& runs, const std::vector<StageRecord>& rows) {
  const bool several = runs.size() > 1;
  std::string text =
      cat("| gain in mIoU | points |", several ? " least |" : "", "\n|---|---|", several ? "---|" : "", "\n");
  const auto add = [&](size_t of, size_t over) {
    const Values a = of_runs(runs, of, miou_of), b = of_runs(runs, over, miou_of);
    Values difference;
    for (size_t i = 0; i < a.size(); ++i) difference.push_back(a[i] - b[i]);
    const double least = *std::min_element(difference.begin(), difference.end());
    text += cat("| ", cell(rows[of].title), " over ", cell(rows[over].title), " | ", spread_text(difference, true),
                " |", several ? cat(' ', least > 0 ? "+" : "", percent(least), " |") : "", '\n');
  };
  for (size_t i = 1; i < rows.size(); ++i) {
    if (rows[i].row == StageRow::ceiling) continue;
    add(i, i - 1);
    if (i > 1) add(i, 0);
  }
  return text;
}

}  // namespace

std::string seed_tables(const std::vector<SeedRun>& runs) {
  check(runs);
  const std::vector<StageRecord> rows = scored(runs[0].stages);
  std::string text = "| stage | mIoU | pixel accuracy | gap recovered |\n|---|---|---|---|\n";
  for (size_t i = 0; i < rows.size(); ++i)
    text += cat("| ", cell(rows[i].title), " | ", spread_text(of_runs(runs, i, miou_of)), " | ",
                spread_text(of_runs(runs, i, accuracy_of)), " | ", spread_text(of_runs(runs, i, gap_of)), " |\n");
  if (rows.size() > 1) text += "\n" + gains(runs, rows);
  text += "\n| class |";
  for (const StageRecord& s : rows) text += cat(' ', cell(s.title), " |");
  text += "\n|---|";
  for (size_t i = 0; i < rows.size(); ++i) text += "---|";
  for (size_t k = 0; k < rows[0].score->iou.size(); ++k) {
    text += cat("\n| ", cell(rows[0].score->iou[k].first), " |");
    for (size_t i = 0; i < rows.size(); ++i)
      text +=
          cat(' ',
              spread_text(of_runs(
                  runs, i, [&](const SeedRun&, const StageRecord& s) { return s.score->iou[k].second.value_or(NAN); })),
              " |");
  }
  return text + "\n";
}

}  // namespace segue::report
