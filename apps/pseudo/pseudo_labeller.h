// A teacher's labels for one image after the other.
#pragma once

#include "apps/predictor.h"
#include "class_thresholds.h"

namespace segue {

class PseudoLabeller {
 public:
  /// The model outlives the labeller. Throws invalid_argument.
  PseudoLabeller(Context& c, Segmenter& model, const SegmenterInfo& info, const PredictorOptions& options);

  /// Least confidence by class.
  void set_thresholds(const std::vector<float>& thresholds);
  /// Of all images that were labelled with count = true, and of what was set.
  ConfidenceCounts counts() const;
  void set_counts(const ConfidenceCounts& counts);

  /// Labels every pixel of an image (H,W,3) with its most probable class k if its probability q is at least thresholds[k], else
  /// with 255. With `count`, q is counted by class, kept or not. One step of the context. Throws out_of_memory.
  void label(const data::ImageView& image, bool count, data::Image& train_ids);

  static constexpr int64_t kBins = 1000;

 private:
  void label_probabilities(const Tensor& p, bool count, data::Image& train_ids);

  Context& c_;
  int64_t classes_;
  bool averaged_;  // several passes: the predictor gives probabilities
  Predictor predictor_;
  std::vector<float> thresholds_;
  Tensor device_thresholds_, histogram_;
};

}  // namespace segue
