// How confident a pseudo-label must be, class by class.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace segue {

/// Pixels by predicted class and confidence: row by row, `bins` bins of equal width from 0 to 1.
struct ConfidenceCounts {
  int64_t classes = 0, bins = 0;
  std::vector<uint64_t> counts;  ///< (classes, bins)

  ConfidenceCounts() = default;
  ConfidenceCounts(int64_t classes, int64_t bins) : classes(classes), bins(bins), counts(size_t(classes * bins)) {}
  const uint64_t* row(int64_t k) const { return counts.data() + k * bins; }
  uint64_t pixels(int64_t k) const;
};

/// A threshold per class: the largest bin border that at least a share `share` of the class's pixels reach, and at most
/// `most`. So a class keeps every pixel that is as confident as `most`, and if those are fewer than its share, the most confident of
/// the others up to that share (and the rest of the last bin). A class without pixels gets `most`. Throws invalid_argument unless 0 <= share, most <= 1.
/// Source: Zou et al. 2018, arXiv:1810.07911, section 4.3 (thresholds by share); Li et al. 2019, arXiv:1904.10620 (the limit).
std::vector<float> class_thresholds(const ConfidenceCounts& counts, double share, double most);

}  // namespace segue
