// Scores as people and as other programs read them.
#pragma once

#include <string>
#include <vector>

#include "data/confusion.h"
#include "runtime/json.h"

namespace segue {

/// Classes that a mean is taken of.
struct ClassSubset {
  std::string name;  ///< "16"
  std::vector<uint8_t> train_ids;
};
/// "16" and "13": those of Cityscapes' classes that results on SYNTHIA are given for. 16: without terrain, truck and train, which
/// SYNTHIA lacks; 13: also without wall, fence and pole.
const std::vector<ClassSubset>& synthia_subsets();

/// A table: class, IoU, accuracy, share of the labelled px, in percent; below it the means, also of `subsets`, and the
/// pixel accuracy. "-" where there is none.
std::string score_table(const data::Scores& scores, const data::ClassTable& classes,
                        const std::vector<ClassSubset>& subsets);

/// True if the table's labels are evaluated in the ids of Cityscapes: it has just its classes.
bool has_cityscapes_ids(const data::ClassTable& classes);

/// The result in the form of Cityscapes' evalPixelLevelSemanticLabeling.py: confMatrix, priors, labels, classScores,
/// categoryScores and their averages, as fractions. Ids, ignored labels and categories are those of Cityscapes if
/// has_cityscapes_ids(), else those of the table's classes, without categories. A score that does not exist, and instance
/// scores, are null, where that tool writes NaN, which is not JSON.
Json score_json(const data::IdConfusion& confusion, const data::ClassTable& classes);

}  // namespace segue
