// Pixels by label and prediction, and the scores of semantic segmentation, by the rules of Cityscapes' own evaluator:
// one matrix over all images; pixels whose label is ignored never count against a class that is predicted there; a class
// without a pixel in labels and predictions has no score and takes no part in means.
// Sources: Everingham et al. 2015 (IoU); Cordts et al. 2016, arXiv:1604.01685, section 4.1.
#pragma once

#include <cstdint>
#include <vector>

#include "class_table.h"
#include "image.h"

namespace segue::data {

/// Pixels by label (row) and prediction (column). Row and column number classes() hold what is none of the classes: labels
/// that are ignored, predictions of something that is not evaluated.
class Confusion {
 public:
  explicit Confusion(int64_t classes) : classes_(classes), counts_(size_t((classes + 1) * (classes + 1))) {}

  int64_t classes() const { return classes_; }
  uint64_t& at(int64_t label, int64_t prediction) { return counts_[size_t(label * (classes_ + 1) + prediction)]; }
  uint64_t at(int64_t label, int64_t prediction) const { return counts_[size_t(label * (classes_ + 1) + prediction)]; }

 private:
  int64_t classes_;
  std::vector<uint64_t> counts_;
};

/// Pixels by the ids of label files: row the label's id, column the id that is written for the prediction.
class IdConfusion {
 public:
  IdConfusion() : counts_(256 * 256) {}

  /// Adds two images of equal size, (H,W,1). Throws invalid_argument.
  void add(const ImageView& label_ids, const ImageView& predicted_ids);
  uint64_t at(int64_t label_id, int64_t predicted_id) const { return counts_[size_t(label_id * 256 + predicted_id)]; }
  /// The same by classes: `to_train` of labels and of predictions.
  Confusion by_class(const LabelTable& to_train, int64_t classes) const;

 private:
  std::vector<uint64_t> counts_;
};

/// NaN stands for "there is none".
struct ClassScore {
  double iou = 0;       ///< TP / (TP + FP + FN)
  double accuracy = 0;  ///< TP / (TP + FN)
  double share = 0;     ///< of the pixels whose label is a class
};

struct Scores {
  std::vector<ClassScore> classes;
  double miou = 0, mean_accuracy = 0;  ///< of the classes that have such a score
  double pixel_accuracy = 0;           ///< of the pixels whose label is a class
  uint64_t pixels = 0;                 ///< whose label is a class
};

Scores score(const Confusion& confusion);

/// Mean IoU of some classes, of those that have one; NaN if none has.
double mean_iou(const Scores& scores, const std::vector<uint8_t>& train_ids);

}  // namespace segue::data
