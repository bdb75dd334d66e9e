// What a teacher's labels are like: FOLDER/pseudo.json beside them, written by `segue pseudo`, read by `segue report` and for
// the next round's thresholds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace segue {

struct PseudoClass {
  std::string name;
  double threshold = 0;  ///< least confidence of a pixel that is kept, 0 to 1
  int64_t predicted_px = 0, kept_px = 0;
  /// Predicted pixels by confidence, in bins of equal width from 0 to 1; the same number of bins in every class.
  std::vector<int64_t> histogram;
};

struct PseudoSummary {
  int64_t images = 0;
  std::vector<PseudoClass> classes;  ///< in the order of train ids

  int64_t predicted_px() const;
  int64_t kept_px() const;
};

/// The file's text, and back. Reading throws data, naming `name`, for text that is no such summary, or whose numbers
/// contradict each other.
std::string pseudo_text(const PseudoSummary& summary);
PseudoSummary parse_pseudo(const std::string& text, const std::string& name);

}  // namespace segue
