// One sample of a batch: an example scaled at random, cropped, and changed, with the plan of what the device adds.
#pragma once

#include <cstdint>
#include <vector>

#include "batch_input.h"
#include "data_set.h"
#include "resize.h"
#include "sampler.h"

namespace segue::data {

struct AugmentOptions {
  int64_t height = 0, width = 0;                ///< of the sample, in px
  int64_t resize_height = 0, resize_width = 0;  ///< an image is first brought to this size, in px; 0: as it is
  double least_scale = 1, most_scale = 1;       ///< of that size: uniform between the two
  bool flip = false;                            ///< half of the samples
  double jitter = 0;     ///< brightness, contrast and saturation: factors uniform in [1 - jitter, 1 + jitter]
  double hue = 0;        ///< uniform in [-hue, hue] turns
  double grey = 0;       ///< share of samples without colour
  double blur = 0;       ///< share of samples that are blurred, with a Gaussian of sigma uniform in [0.15, 1.15] px
  double cutout = 0;     ///< share of samples with a box of 2 to 40 % painted over, its label ignored
  double max_share = 1;  ///< a crop with more than this of one class is drawn again, nine times at most; 1: never
  /// Least px of the class that a sample was drawn for, as a share of the scaled image's; a crop with less is drawn again
  /// likewise.
  double rare_least_share = 7.5e-4;
  uint8_t fill[3] = {124, 116, 104};  ///< RGB of cutout boxes: the mean of ImageNet
};

/// Makes samples in memory that it keeps; one a thread.
class Augmenter {
 public:
  /// Throws invalid_argument for options out of range.
  explicit Augmenter(const AugmentOptions& options);

  /// Makes sample number n: `image` (height,width,3); `label` (height,width) of train ids, null: none wanted. An example
  /// without label gets kIgnore. Everything random is a function of (key, n). Pixels that the scaled image does not reach
  /// are outside the plan's window, so kernels::image_in gives them x = 0, label 255, weight 0; here they are zero.
  SamplePlan make(const Example& example, RandomKey key, int64_t n, int rare_class, uint8_t* image, uint8_t* label);

 private:
  AugmentOptions options_;
  Resizer resizer_;
  std::vector<uint8_t> part_;
};

}  // namespace segue::data
