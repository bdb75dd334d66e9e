// Where CutMix pastes.
#pragma once

#include "kernels/options.h"
#include "kernels/philox.h"

namespace segue::data {

/// The box that takes a share 1 - lambda of an image, as far as it lies inside:
///
///   centre (v H, u W);  height H sqrt(1-lambda), width W sqrt(1-lambda), rounded down to px;  cut off at the border
///
/// lambda, u, v in [0,1]. The share that it really takes is height * width / (H W): use it where lambda enters a loss.
/// Throws invalid_argument if an argument is out of range.
/// Source: Yun et al. 2019, arXiv:1905.04899.
Window cutmix_box(double lambda, int64_t height, int64_t width, double u, double v);

/// A random box: lambda, u and v uniform, of one sample. A function of (key, step, sample) alone.
Window random_cutmix_box(RandomKey key, uint64_t step, int64_t sample, int64_t height, int64_t width);

}  // namespace segue::data
