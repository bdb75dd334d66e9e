// Batch norms that know the images a model is for: their running statistics taken from other images than it has learned from.
#pragma once

#include <functional>

#include "apps/config.h"
#include "models/segmenter.h"
#include "train_data.h"

namespace segue {

/// Source: Li et al. 2016, "AdaBN", arXiv:1603.04779.
class NormStatistics {
 public:
  /// The images of data.statistics, cut and scaled as those of training, in colours as they are; no labels are looked for.
  /// `images`: how many crops count, at least. Throws usage, data.
  NormStatistics(Context& c, const Config& config, const data::ClassTable& classes, int64_t images = 512);

  /// Running means and variances of `model` become the means of those of the batches; its weights stay, and so does its mode.
  /// Outside a step; `steps` is the number of the next. go_on(share done) is asked after every batch: false ends it, with
  /// statistics of fewer; returns true if it was true to the end. Throws data.
  bool collect(Segmenter& model, int64_t steps, const std::function<bool(double)>& go_on);

  const TrainData& data() const { return data_; }

 private:
  Context& c_;
  int64_t batches_;
  TrainData data_;
};

}  // namespace segue
