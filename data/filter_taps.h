// The weights of one-dimensional filters.
#pragma once

#include "resize.h"

namespace segue::data {

constexpr int kWeightBits = 15;
constexpr int64_t kMostRadius = 224;  ///< of a blur, in px

/// Triangle filter that brings `in` px to `out` px: outputs [first, first + count).
void resize_taps(int64_t in, int64_t out, int64_t first, int64_t count, FilterTaps& taps);
/// Gaussian of standard deviation `sigma` px over n px. Throws invalid_argument for more than 64 px.
void blur_taps(int64_t n, double sigma, FilterTaps& taps);

}  // namespace segue::data
