// What a stage has come to: scores on the target's labelled images, and pictures for the report.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "apps/config.h"
#include "apps/labelled_folder.h"
#include "apps/predictor.h"
#include "apps/records/stage_table.h"
#include "data/data_set.h"

namespace segue {

/// How a stage's model sees whole images: at data.resize, if that is set.
PredictorOptions predictor_options(const Config& config);

/// Scores a model on `set`, and leaves examples in `folder`: the same images whatever the model. None if `go_on`, asked after
/// every image, said no. Throws data.
std::optional<StageScore> score_stage(Context& c, Segmenter& model, const SegmenterInfo& info, const data::DataSet& set,
                                      const data::ClassTable& classes, const PredictorOptions& options,
                                      const std::string& folder, const std::function<bool()>& go_on);

/// Leaves source images and their translations in `folder` as examples.
void save_translations(const std::string& folder, const data::DataSet& set, const LabelledFolder& translated);

/// "mIoU 41.20 %, pixel accuracy 83.10 %".
std::string score_text(const StageScore& score);

}  // namespace segue
