#include "class_thresholds.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/error.h"

namespace segue {

uint64_t ConfidenceCounts::pixels(int64_t k) const { return std::accumulate(row(k), row(k) + bins, uint64_t(0)); }

std::vector<float> class_thresholds(const ConfidenceCounts& counts, double share, double most) {
  require(share >= 0 && share <= 1 && most >= 0 && most <= 1, "class_thresholds",
          "expects a share and a limit from 0 to 1; got ", share, " and ", most);
  std::vector<float> thresholds;
  for (int64_t k = 0; k < counts.classes; ++k) {
    const auto wanted = uint64_t(std::ceil(share * double(counts.pixels(k))));
    int64_t bin = counts.bins;
    for (uint64_t reached = 0; bin > 0 && reached < wanted;) reached += counts.row(k)[--bin];
    thresholds.push_back(std::min(float(most), float(double(bin) / double(counts.bins))));
  }
  return thresholds;
}

}  // namespace segue
