// Scores of a segmentation model, counted on its device at the full resolution of the labels.
#pragma once

#include "confusion.h"
#include "runtime/context.h"

namespace segue::data {

/// Counts predictions into one 64-bit matrix, image by image. An evaluation is: a step per image, or several images in a step,
/// in which the model makes logits and add() counts them; then result(). Images may differ in size.
class Evaluator {
 public:
  /// Throws invalid_argument for more than 255 classes.
  Evaluator(Context& c, int64_t classes);

  /// Counts one image: `logits` (1,h,w,classes), of any resolution, are resized bilinearly (align_corners false) to the label's
  /// size, and the largest is the prediction; probabilities do as well. `label` (H,W,1) holds ids of a label file,
  /// `table` makes them train ids. `predictions`, if given, becomes (H,W,1) train ids, of ignored pixels too. Inside a
  /// step; waits for the device if predictions are wanted. Throws invalid_argument.
  void add(const Tensor& logits, const ImageView& label, const LabelTable& table, Image* predictions = nullptr);
  /// The matrix so far; outside a step. Ignored labels are not in it.
  Confusion confusion() const;
  /// Its scores.
  Scores result() const { return score(confusion()); }
  int64_t images() const { return images_; }
  /// Starts anew.
  void reset();

 private:
  Context& c_;
  int64_t classes_, images_ = 0;
  Tensor matrix_;
  std::vector<uint8_t> train_ids_;
};

}  // namespace segue::data
