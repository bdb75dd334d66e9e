// The two passes of a separable filter on 8-bit images. Sums of whole numbers: the same bits with and without AVX2.
#pragma once

#include <cstdint>

#include "filter_taps.h"

namespace segue::data {

constexpr int kLineBits = 7;        ///< fraction bits of a line between the passes; 8 + 7 bits fit an int16_t
constexpr int64_t kLineSlack = 16;  ///< values behind a line that may be read

/// Down: line[i] = sum over t of weights[t] * from[t * pitch + i], for i < n. `taps` rows of at least n bytes.
void sum_rows(const uint8_t* from, int64_t pitch, const int16_t* weights, int64_t taps, int64_t n, int16_t* line);
/// Across: outputs [0, count) of `channels` (1 or 3) interleaved channels from a line that begins at taps.begin[0].
void sum_columns(const int16_t* line, const FilterTaps& taps, int64_t count, int64_t channels, uint8_t* to);

/// The same in plain loops: what the above must equal.
void sum_rows_plain(const uint8_t* from, int64_t pitch, const int16_t* weights, int64_t taps, int64_t n, int16_t* line);
void sum_columns_plain(const int16_t* line, const FilterTaps& taps, int64_t count, int64_t channels, uint8_t* to);

}  // namespace segue::data
