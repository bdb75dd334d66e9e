// The table of stages of an adaptation run, RUN/stages.json: written as the run goes on, read when it is taken up again, by
// `segue report`, and by other programs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/json.h"

namespace segue {

/// What an evaluation on the target's labelled images found. Shares, 0 to 1.
struct StageScore {
  double miou = 0, pixel_accuracy = 0;
  /// IoU by class, in the order of train ids; none for a class that neither label nor prediction holds.
  std::vector<std::pair<std::string, std::optional<double>>> iou = {};
};

/// What a stage does.
enum class StageKind {
  cyclegan,   ///< trains the generators between source and target images
  translate,  ///< writes the source images in the target's style
  segment,    ///< trains a segmentation model, and scores it
  pseudo,     ///< labels target images with a model
};

/// Which row of the table of results a scored stage is.
enum class StageRow {
  none,
  source,      ///< trained on source images as they are: where adaptation begins
  translated,  ///< trained on translated images
  round,       ///< a round of self-training
  ceiling,     ///< trained on the target's own labels: what could be reached
};

enum class StageState { waiting, running, done };

struct StageRecord {
  std::string folder;  ///< below the run's own: "round-1". A trained stage's is a run folder in itself
  std::string title;   ///< for people: "+ self-training, round 1"
  StageKind kind = StageKind::segment;
  StageRow row = StageRow::none;
  int64_t round = 0;  ///< of self-training, from 1; 0: none
  StageState state = StageState::waiting;
  double seconds = 0;  ///< taken so far, in all lives of the run
  std::optional<StageScore> score = {};
};

const char* name_of(StageKind kind);
const char* name_of(StageRow row);
const char* name_of(StageState state);

/// The file's text, and back. Reading throws data, naming `name`, for text that is no such table: a folder that leaves the
/// run, a share outside 0 to 1, an unknown word.
std::string stages_text(const std::vector<StageRecord>& stages);
std::vector<StageRecord> parse_stages(const std::string& text, const std::string& name);

/// (score - source) / (ceiling - source) of mIoU: the share of the domain gap that a stage has recovered. None without both
/// ends, or where the ceiling is not above the source.
std::optional<double> gap_recovered(const std::vector<StageRecord>& stages, const StageRecord& stage);

}  // namespace segue
