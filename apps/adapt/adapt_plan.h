// The order of an adaptation: its stages, and what rises from round to round.
#pragma once

#include <vector>

#include "apps/config.h"
#include "apps/records/stage_table.h"

namespace segue {

/// The stages of a configuration of task adapt in the order in which they run, none begun. A stage's folder is its name.
std::vector<StageRecord> adapt_stages(const Config& config);

/// True if the translator's semantic loss asks the model of the run's own stage source-only.
bool asks_source_only(const Config& config);

// Names of stages.
constexpr const char *kSourceOnly = "source-only", *kTranslator = "translator", *kTranslated = "translated",
                     *kTeacher = "teacher", *kCeiling = "ceiling";
/// "round-1": the student; its labels are in "round-1-labels".
std::string round_folder(int64_t round);
std::string labels_folder(int64_t round);

/// A setting of two numbers, for the first and the last round, at `round` (from 1): in equal steps between them.
double at_round(const Config& config, const char* key, int64_t round);

/// The mix that a student learns from: "0.75*folder:A + 0.25*folder:B" with a share `real` of pseudo-labelled images.
std::string student_mix(const std::vector<std::pair<double, std::string>>& source, const std::string& pseudo,
                        double real);
/// "folder:PATH", with characters that mean something in specs written so that they mean themselves. Throws usage for a path with '?'.
std::string folder_spec(const std::string& path);

/// The table of results: a row per scored stage with mIoU, pixel accuracy, share of the gap recovered and time; "" if none is scored.
std::string result_table(const std::vector<StageRecord>& stages);

}  // namespace segue
