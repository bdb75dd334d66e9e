// How often each byte value occurs.
#pragma once

#include <array>
#include <cstdint>

namespace segue::data {

using ByteCounts = std::array<int64_t, 256>;

/// Counts `height` rows of `width` bytes that lie `pitch` bytes apart.
ByteCounts count_bytes(const uint8_t* px, int64_t height, int64_t width, int64_t pitch);

}  // namespace segue::data
