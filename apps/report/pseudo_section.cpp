#include "chart.h"
#include "html.h"
#include "kernels/error.h"
#include "runtime/text.h"
#include "sections.h"

namespace segue::report {
namespace {

double share(int64_t part, int64_t of) { return of > 0 ? double(part) / double(of) : 0; }

std::string row(const PseudoClass& k, int64_t all_px, int color) {
  const double kept = share(k.kept_px, k.predicted_px);
  return cat("<tr><th scope=\"row\">", escaped(k.name), "</th><td class=\"n\">", percent(share(k.predicted_px, all_px)),
             "</td><td class=\"n\">", fixed(k.threshold, 3), "</td><td class=\"bars\"><span class=\"n\">",
             k.predicted_px > 0 ? percent(kept) : "&#8211;", "</span>", bar(kept, color), "</td><td>",
             histogram(k.histogram, k.threshold,
                       cat("confidence of ", k.name, ": ", percent(kept), " percent of its pixels are kept")),
             "</td></tr>\n");
}

std::string table(const Stage& stage) {
  const PseudoSummary& p = *stage.pseudo;
  std::string rows;
  for (const PseudoClass& k : p.classes) rows += row(k, p.predicted_px(), stage.color);
  return cat("<h3>", escaped(stage.record.title), "</h3>\n<p>", count_text(uint64_t(std::max<int64_t>(0, p.images))),
             p.images == 1 ? " image" : " images", ", <strong>", percent(share(p.kept_px(), p.predicted_px())),
             " %</strong> of the pixels kept as labels.</p>\n<div class=\"wide\"><table><thead><tr><th "
             "scope=\"col\">Class</th>",
             "<th scope=\"col\" class=\"n\">Predicted</th><th scope=\"col\" class=\"n\">Threshold</th>",
             "<th scope=\"col\" class=\"n\">Kept</th><th scope=\"col\">Confidence, 0 to 1</th></tr></thead>\n<tbody>\n",
             rows, "</tbody></table></div>\n");
}

}  // namespace

std::string pseudo_section(const RunData& run) {
  std::string html;
  for (const Stage& s : run.stages)
    if (s.pseudo) html += table(s);
  if (html.empty()) return "";
  return cat(
      "<p class=\"soft\">The teacher's labels of the target's unlabelled images. Predicted: percent of all pixels. "
      "Kept: ",
      "percent of a class's pixels that are confident enough. Confidence: how many pixels the teacher is how sure of; "
      "the ",
      "dashed line is the threshold, and the strong bars are kept.</p>\n", html);
}

}  // namespace segue::report
