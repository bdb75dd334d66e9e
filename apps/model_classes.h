// The classes that a model tells apart, in its file and out of it.
#pragma once

#include <string>

#include "data/class_table.h"
#include "models/model_file.h"

namespace segue {

/// Sets number, names and table of the classes, so that the file of a model says what its outputs mean.
void describe_classes(SegmenterInfo& info, const data::ClassTable& table);

/// The table of a model: `choice` (--classes) if it is not empty, else what its file says, else Cityscapes' 19 for a model of
/// 19 classes. `file` stands in messages. Throws usage if there is no table, or `choice` has another number of classes
/// or other names; data if what the file says is damaged.
data::ClassTable classes_of(const SegmenterInfo& info, const std::string& file, const std::string& choice);

}  // namespace segue
