// What a run's folder says, read without trust: whatever is missing or damaged becomes a note, and the rest is shown.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apps/records/pseudo_summary.h"
#include "apps/records/stage_table.h"
#include "pictures.h"
#include "runtime/json.h"

namespace segue::report {

/// What could not be read, a line each.
using Notes = std::vector<std::string>;

/// Values of metrics.jsonl by step, in the order in which names first appear.
struct Series {
  std::string name;
  std::vector<std::pair<double, double>> points;  ///< step, value
};

/// What `segue eval --json` has written below eval/.
struct Evaluation {
  std::string name;
  StageScore score;
};

/// A run folder of one training, or the outer one of an adaptation.
struct RunFiles {
  std::string path;
  std::string config, command;  ///< config.toml, cmdline.txt
  Json environment;             ///< env.json; null: none
  std::string task;             ///< of the configuration: "segment", "translate", "adapt"; "": unknown
  std::vector<Series> train, val;
  std::optional<StageScore> score;  ///< of the last evaluation in metrics.jsonl
  int64_t score_step = 0;
  int64_t step = 0, total = 0;  ///< steps done and wanted; total 0: unknown
  bool done = false;
  std::string last_line;  ///< of train.log
  double seconds = 0;     ///< of training, by the last checkpoint; 0: unknown
  std::vector<Sample> samples;
  std::vector<Example> examples;
  std::vector<Evaluation> evaluations;
};

struct Stage {
  StageRecord record;
  RunFiles files;
  std::optional<PseudoSummary> pseudo;
  int color = 0;  ///< of its bars and lines
};

struct RunData {
  std::string name;  ///< the folder's own
  RunFiles files;
  bool staged = false;  ///< an adaptation: `stages` says how far
  std::vector<Stage> stages;
  Notes notes;

  /// Stages that have a score, in order.
  std::vector<const Stage*> scored() const;
  std::vector<StageRecord> records() const;
  bool done() const;
};

/// Reads a run's folder. Throws usage if `path` is no such folder.
RunData load_run(const std::string& path);

// Parts of it.

/// A text file of at most `most_bytes`; none, with a note unless it is merely missing and not `needed`.
std::optional<std::string> read_text(const std::string& path, size_t most_bytes, bool needed, Notes& notes);
void read_metrics(const std::string& path, RunFiles& run, Notes& notes);
/// The JSON of `segue eval`, with the keys of Cityscapes' scripts. Throws data.
StageScore parse_evaluation(const std::string& text, const std::string& name);

}  // namespace segue::report
