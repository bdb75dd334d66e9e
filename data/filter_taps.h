// The weights of one-dimensional filters.
#pragma once

#include <cstdint>
#include <vector>

namespace segue::data {

constexpr int kWeightBits = 14;       ///< a weight of 1 is 2^14
constexpr int64_t kMostRadius = 224;  ///< of a blur, in px

/// Output i is the sum over t of weights[i * width + t] * input[begin[i] + t]. Weights are not negative and add up to
/// exactly 2^kWeightBits; those that stand for no input are 0, and `width` is even.
struct FilterTaps {
  std::vector<int32_t> begin;
  std::vector<int16_t> weights;
  int64_t width = 0;
};

/// Triangle filter that brings `in` px to `out` px: outputs [first, first + count).
void resize_taps(int64_t in, int64_t out, int64_t first, int64_t count, FilterTaps& taps);
/// Gaussian of standard deviation `sigma` px over n px. Throws invalid_argument for more than 64 px.
void blur_taps(int64_t n, double sigma, FilterTaps& taps);

}  // namespace segue::data
