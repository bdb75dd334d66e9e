// Predictions as files: --as of segue predict.
#pragma once

#include <string>
#include <vector>

#include "data/class_table.h"
#include "data/image.h"

namespace segue {

enum class PredictionKind { color, ids, trainids, overlay, logits };

/// Throws usage, naming the nearest, for a word that is none of them.
PredictionKind prediction_kind(const std::string& name);
/// True if the files need a class table; the others need only the model.
bool needs_classes(PredictionKind kind);
/// ".png", or ".safetensors" of logits.
const char* extension_of(PredictionKind kind);

/// Writes one prediction, whole or not at all. `train_ids` (H,W,1); `photo` (H,W,3). color: a PNG with the classes' colours
/// as its palette and their ids as indices; ids, trainids: a grey PNG; overlay: RGB, colours over the photo, borders
/// between classes in full colour. Throws io.
void write_prediction(const std::string& path, PredictionKind kind, const data::ImageView& train_ids,
                      const data::ImageView& photo, const data::ClassTable& classes);

/// Writes logits (H,W,C) as the tensor `logits` (C,H,W) F32 of a safetensors file. Throws io.
void write_logits(const std::string& path, const std::vector<float>& logits, int64_t height, int64_t width,
                  const std::vector<std::string>& class_names);

}  // namespace segue
