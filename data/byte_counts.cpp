#include "byte_counts.h"

#include <cstddef>

namespace segue::data {

// Labels come in runs, and a counter cannot be added to again before the last sum is stored: neighbours get counters
// of their own.
ByteCounts count_bytes(const uint8_t* px, int64_t height, int64_t width, int64_t pitch) {
  constexpr int64_t kSets = 4;
  std::array<std::array<int64_t, 256>, kSets> sets{};
  for (int64_t y = 0; y < height; ++y) {
    const uint8_t* row = px + y * pitch;
    int64_t x = 0;
    for (; x + kSets <= width; x += kSets)
      for (int64_t k = 0; k < kSets; ++k) ++sets[size_t(k)][row[x + k]];
    for (; x < width; ++x) ++sets[0][row[x]];
  }
  ByteCounts counts{};
  for (const auto& s : sets)
    for (size_t v = 0; v < 256; ++v) counts[v] += s[v];
  return counts;
}

}  // namespace segue::data
