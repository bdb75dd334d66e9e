// What the segmentation models have in common.
#pragma once

#include <memory>
#include <string>

#include "runtime/module.h"

namespace segue {

/// Results of a segmentation model at its own, low resolution.
struct Segmentation {
  Tensor logits;    ///< (N,h,w,classes)
  Tensor aux;       ///< (N,h',w',classes) of an auxiliary head in training; empty without
  Tensor features;  ///< what the classifier decides on: for feature-level discriminators
};

/// A network from images to logits.
class Segmenter : public Network {
 public:
  /// x (N,H,W,3), H and W at least 32 -> low resolution, for losses that upsample themselves.
  virtual Segmentation forward_low(Context& c, const Tensor& x) = 0;
  /// x (N,H,W,3) -> logits (N,H,W,classes), upsampled bilinearly (align_corners false).
  Tensor forward(Context& c, const Tensor& x);
  virtual int64_t classes() const = 0;
};

}  // namespace segue
