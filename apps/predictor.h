// A segmentation model on 8-bit images of any size.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "data/batch_input.h"
#include "data/image.h"
#include "models/model_file.h"

namespace segue {

struct PredictorOptions {
  int64_t height = 0, width = 0;  ///< what images are resized to, in px; 0: their own size
  std::vector<double> scales = {
      1};             ///< further factors on that size; of several results the probabilities are averaged
  bool flip = false;  ///< every scale once more, left and right exchanged
};

class Predictor {
 public:
  /// The model outlives the predictor. `info`: its normalisation. Throws invalid_argument.
  Predictor(Context& c, Segmenter& model, const SegmenterInfo& info, const PredictorOptions& options = {});

  /// One step of the context: calls `use` with a tensor (1,h,w,classes) that covers the image (H,W,3). One pass: logits of
  /// the model's own resolution. Several: mean probabilities (H,W). Either is made for ops that resize it bilinearly
  /// (align_corners false) to what they want. Images are resized with antialiasing; sides below 32 px are padded for the
  /// model. The model is not in training mode. Throws out_of_memory for an image too large for the device.
  void run(const data::ImageView& image, const std::function<void(const Tensor&)>& use);

 private:
  struct Pass {
    int64_t height, width;  // of the image in this pass
    bool flip;
  };
  std::vector<Pass> passes_of(const data::ImageView& image) const;
  data::BatchInput input_of(size_t number, const Pass& pass);
  Tensor logits(const data::ImageView& image, const Pass& pass, data::BatchInput& input);

  Context& c_;
  Segmenter& model_;
  PredictorOptions options_;
  kernels::ImageInOptions input_;
};

}  // namespace segue
