#include "byte_counts.h"

#include <cstddef>
#include <cstring>

namespace segue::data {

// Labels come in runs, and a counter cannot be added to again before the last sum is stored: neighbours get counters of
// their own, which are read eight bytes at a time.
ByteCounts count_bytes(const uint8_t* px, int64_t height, int64_t width, int64_t pitch) {
  constexpr int64_t kSets = 8;
  uint32_t sets[kSets][256] = {};
  ByteCounts counts{};
  const auto collect = [&] {
    for (auto& set : sets)
      for (size_t v = 0; v < 256; ++v) counts[v] += set[v], set[v] = 0;
  };
  int64_t counted = 0;
  for (int64_t y = 0; y < height; ++y) {
    const uint8_t* const row = px + y * pitch;
    int64_t x = 0;
    for (; x + kSets <= width; x += kSets) {
      uint64_t eight;
      std::memcpy(&eight, row + x, sizeof eight);
      for (int64_t k = 0; k < kSets; ++k) ++sets[k][(eight >> (8 * k)) & 255];
    }
    for (; x < width; ++x) ++sets[0][row[x]];
    if ((counted += width) > (int64_t(1) << 31)) collect(), counted = 0;
  }
  collect();
  return counts;
}

}  // namespace segue::data
