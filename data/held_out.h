// A part of a data set that is kept from training, to choose checkpoints by.
#pragma once

#include <utility>

#include "data_set.h"

namespace segue::data {

/// The examples to learn from, and those held out: `share` of the set in equal steps along its order, at least one of
/// each kind. Frames of one drive follow each other and are much alike: so its every part is held out a little, and what is
/// measured on them is kinder than on another drive. Throws usage if the set has fewer than two examples or `share` is not
/// between 0 and 1.
std::pair<std::shared_ptr<const DataSet>, std::shared_ptr<const DataSet>> hold_out(std::shared_ptr<const DataSet> set,
                                                                                   double share);

}  // namespace segue::data
