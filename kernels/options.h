// Option structs of the kernels: fixed for a shape, so host constants. What changes per step comes as views.
#pragma once

#include <cstdint>

namespace segue {

struct BatchNormOptions {
  float eps = 1e-5f;
  float momentum = 0.1f;  ///< share of the new value in a running statistic
  bool relu = false;      ///< y = max(y, 0) in the same pass, after the residual
  int phases = 1;         ///< x lies in whole phases of images by this factor (phases.h), y and dy are the images
};

struct InstanceNormOptions {
  float eps = 1e-5f;
  float slope = 1.f;         ///< of negative results, after the residual: 1 none, 0 ReLU, 0.2 leaky ReLU
  int64_t pad = 0;           ///< the result is padded by reflection, as in pad_reflect
  int64_t residual_pad = 0;  ///< the residual has such a border, which is not read
};

struct MaxPoolOptions {
  int kernel = 3;
  int stride = 2;
  int pad = 1;
};

/// Rows and columns to put around an image.
struct Padding {
  int64_t top = 0, bottom = 0, left = 0, right = 0;
};

/// A part of an image.
struct Window {
  int64_t top = 0, left = 0, height = 0, width = 0;
};

/// What a loss over pixels is divided by.
enum class Normalizer {
  valid,    ///< the pixels that are not ignored
  weights,  ///< the sum of their weights (pixel weight times class weight): PyTorch's weighted mean
  all,      ///< all pixels, ignored ones too
};

struct LabelOptions {
  int ignore = 255;
  Normalizer normalizer = Normalizer::valid;
};

enum class DropoutMode { element, channel };

}  // namespace segue
