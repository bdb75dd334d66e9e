// The parts of a report. Each is HTML of its own, or "" where the run has nothing to show in it.
#pragma once

#include <string>

#include "run_data.h"

namespace segue::report {

/// What happened, in a sentence and a few numbers.
std::string summary_section(const RunData& run);
/// A row per scored stage: mIoU, pixel accuracy, share of the gap.
std::string results_section(const RunData& run);
/// IoU of each class, a column per stage.
std::string classes_section(const RunData& run);
/// Single images: label, predictions and errors of each stage; translations.
std::string examples_section(const RunData& run);
std::string curves_section(const RunData& run);
/// Confidence of teachers, and what of their labels was kept.
std::string pseudo_section(const RunData& run);
std::string time_section(const RunData& run);
std::string configuration_section(const RunData& run);
std::string machine_section(const RunData& run);
std::string notes_section(const RunData& run);

/// All of them as one HTML file that loads nothing from elsewhere and runs no script.
std::string page(const RunData& run);

/// The score that a run of one training ends with, and what it is called: none for runs that score nothing.
struct NamedScore {
  std::string name;
  int color = 0;
  const StageScore* score = nullptr;
};
/// Names and colours of the classes by train id, as far as scores and example pictures tell.
struct ClassLook {
  std::string name;
  std::optional<std::array<uint8_t, 3>> rgb;
};
std::vector<ClassLook> classes_of(const RunData& run);
/// A small square of the colour, or "".
std::string swatch(const std::optional<std::array<uint8_t, 3>>& rgb);

/// Columns of the tables: scored stages, or the last evaluation of a single training, then its `segue eval` results.
std::vector<NamedScore> scores_of(const RunData& run);

}  // namespace segue::report
