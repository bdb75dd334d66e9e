#include <algorithm>
#include <cmath>
#include <cstdio>

#include "kernels/error.h"
#include "runtime/text.h"
#include "score_report.h"

namespace segue {
namespace {

constexpr size_t kNameWidth = 16;

std::string percent(double fraction) {
  if (std::isnan(fraction)) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", 100 * fraction);
  return text;
}

/// Columns are as wide as the longest name; names of people's own classes may be longer than most.
std::string row(std::string name, size_t width, std::initializer_list<std::string> cells) {
  name = plain_text(name);
  name.resize(std::max(name.size(), width), ' ');
  for (const std::string& cell : cells) name += std::string(9 - std::min<size_t>(cell.size(), 9), ' ') + cell;
  return name + "\n";
}

}  // namespace

const std::vector<ClassSubset>& synthia_subsets() {
  static const std::vector<ClassSubset> all = {{"16", {0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 15, 17, 18}},
                                               {"13", {0, 1, 2, 6, 7, 8, 10, 11, 12, 13, 15, 17, 18}}};
  return all;
}

std::string score_table(const data::Scores& scores, const data::ClassTable& classes,
                        const std::vector<ClassSubset>& subsets) {
  size_t width = kNameWidth;
  for (const data::ClassInfo& k : classes.classes) width = std::max(width, plain_text(k.name).size());
  std::string text = row("class", width, {"IoU %", "acc %", "share %"});
  for (size_t k = 0; k < scores.classes.size(); ++k) {
    const data::ClassScore& s = scores.classes[k];
    text += row(classes.classes[k].name, width, {percent(s.iou), percent(s.accuracy), percent(s.share)});
  }
  text += row("mean", width, {percent(scores.miou), percent(scores.mean_accuracy)});
  for (const ClassSubset& subset : subsets)
    text += row("mean of " + subset.name, width, {percent(mean_iou(scores, subset.train_ids))});
  return text + row("pixel accuracy", width, {"", percent(scores.pixel_accuracy)});
}

}  // namespace segue
