// The configurations of the single trainings that an adaptation is made of.
#pragma once

#include <string>

#include "apps/config.h"
#include "apps/records/stage_table.h"

namespace segue {

/// What a training of a segmentation model has of its own.
struct SegmentStage {
  std::string folder;           ///< of its run
  std::string train;            ///< data spec
  int64_t steps = 0;            ///< 0: train.steps
  double rate = 0;              ///< at the start; 0: optim.rate
  std::string init = {};        ///< weights to start from; empty: model.init
  bool noise = false;           ///< data.* as [noise] says
  std::string statistics = {};  ///< data spec of the images that batch norms take their statistics from; empty: none
};

/// All settings of [model], [data], [optim], [train] and [log], but for what the stage says. It evaluates nothing on its way: checkpoints
/// are not chosen by the labels that score them. Throws usage, naming the stage and the settings of the adaptation, for values that contradict
/// each other.
Config segment_config(const Config& adapt, const SegmentStage& stage);

/// The settings of [translate], with device, precision, threads, seed and logging of the adaptation. `source_model`: the model
/// of the source, for translate.semantic where translate.segmenter names none; empty: there is none
/// yet, and the loss is left out.
Config translate_config(const Config& adapt, const std::string& folder, const std::string& source_model = {});

/// The configuration of a stage that trains, in a run at `run`. `init`: weights that a student starts from; empty: those of the
/// configuration. Throws usage, as above; data for sets that cannot be opened.
Config stage_config(const Config& adapt, const StageRecord& stage, const std::string& run,
                    const std::string& init = {});

/// Where the translations of a part of data.source go, in a run at `run`.
std::string translated_folder(const std::string& run, size_t part, size_t parts);

/// Height and width at which images are translated: translate.size, or else what the generators learned from, translate.resize.
std::vector<int64_t> translated_size(const Config& adapt);

}  // namespace segue
