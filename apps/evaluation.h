// A model over a labelled data set: images are decoded ahead, and what is made of predictions is written behind.
#pragma once

#include <functional>

#include "data/data_set.h"
#include "data/evaluator.h"
#include "predictor.h"

namespace segue {

struct EvaluationSteps {
  /// After every image, on the calling thread, with the number of images that are done. False stops.
  std::function<bool(int64_t done)> after = {};
  /// What is done with predictions (H,W,1), train ids, on one of several other threads at once. Empty: they stay on the
  /// device.
  std::function<void(int64_t i, const data::Example& example, const data::Image& predictions)> keep = {};
};

/// Counts all images of `set`, one a step of the context, into `evaluator`, each at the size of its label file, whatever the
/// size of the image. The model is not in training mode. The matrix is
/// the same for any number of threads. Throws data, naming the file, for an image or a label that cannot be read.
void evaluate(Context& c, Predictor& predictor, const data::DataSet& set, data::Evaluator& evaluator,
              const EvaluationSteps& steps = {});

/// Threads that decode and encode beside a model on this device.
int64_t image_helpers(Context& c);

}  // namespace segue
