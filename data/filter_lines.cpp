#include "filter_lines.h"

#include <cstring>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace segue::data {
namespace {

constexpr int kDownShift = kWeightBits - kLineBits, kAcrossShift = kWeightBits + kLineBits;
constexpr int32_t kDownHalf = 1 << (kDownShift - 1), kAcrossHalf = 1 << (kAcrossShift - 1);

}  // namespace

void sum_rows_plain(const uint8_t* from, int64_t pitch, const int16_t* weights, int64_t taps, int64_t n,
                    int16_t* line) {
  constexpr int64_t kStrip = 128;
  int32_t sum[kStrip];
  for (int64_t first = 0; first < n; first += kStrip) {
    const int64_t count = n - first < kStrip ? n - first : kStrip;
    for (int64_t i = 0; i < count; ++i) sum[i] = kDownHalf;
    for (int64_t t = 0; t < taps; ++t)
      for (int64_t i = 0; i < count; ++i) sum[i] += weights[t] * from[t * pitch + first + i];
    for (int64_t i = 0; i < count; ++i) line[first + i] = int16_t(sum[i] >> kDownShift);
  }
}

void sum_columns_plain(const int16_t* line, const FilterTaps& taps, int64_t count, int64_t channels, uint8_t* to) {
  for (int64_t i = 0; i < count; ++i) {
    const int16_t* const weights = &taps.weights[size_t(i * taps.width)];
    const int16_t* const p = line + (taps.begin[size_t(i)] - taps.begin[0]) * channels;
    for (int64_t c = 0; c < channels; ++c) {
      int32_t sum = kAcrossHalf;
      for (int64_t t = 0; t < taps.width; ++t) sum += weights[t] * p[t * channels + c];
      to[i * channels + c] = uint8_t(sum >> kAcrossShift);
    }
  }
}

#if defined(__AVX2__)
namespace {

// Two taps at a time: pairs of 16-bit values times a pair of weights, added to 32 bits, are one instruction.
__m256i weight_pair(int16_t first, int16_t second) {
  return _mm256_set1_epi32(int32_t(uint16_t(first)) | int32_t(second) * 65536);
}

constexpr int64_t kBlock = 64;

void sum_block(const uint8_t* from, int64_t pitch, const int16_t* weights, int64_t taps, int16_t* line) {
  __m256i sum[kBlock / 8];
  for (__m256i& s : sum) s = _mm256_set1_epi32(kDownHalf);
  const auto load = [](const uint8_t* p) {
    return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  };
  for (int64_t t = 0; t < taps; t += 2) {
    const bool pair = t + 1 < taps;
    const uint8_t *const a = from + t * pitch, *const b = pair ? a + pitch : a;
    const __m256i w = weight_pair(weights[t], pair ? weights[t + 1] : int16_t(0));
    for (int64_t k = 0; k < kBlock / 16; ++k) {
      const __m256i va = load(a + 16 * k), vb = load(b + 16 * k);
      sum[2 * k] = _mm256_add_epi32(sum[2 * k], _mm256_madd_epi16(_mm256_unpacklo_epi16(va, vb), w));
      sum[2 * k + 1] = _mm256_add_epi32(sum[2 * k + 1], _mm256_madd_epi16(_mm256_unpackhi_epi16(va, vb), w));
    }
  }
  for (int64_t k = 0; k < kBlock / 16; ++k) {  // packing undoes the order of unpacking
    const __m256i packed =
        _mm256_packus_epi32(_mm256_srli_epi32(sum[2 * k], kDownShift), _mm256_srli_epi32(sum[2 * k + 1], kDownShift));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(line + 16 * k), packed);
  }
}

}  // namespace

void sum_rows(const uint8_t* from, int64_t pitch, const int16_t* weights, int64_t taps, int64_t n, int16_t* line) {
  int64_t i = 0;
  for (; i + kBlock <= n; i += kBlock) sum_block(from + i, pitch, weights, taps, line + i);
  sum_rows_plain(from + i, pitch, weights, taps, n - i, line + i);
}

void sum_columns(const int16_t* line, const FilterTaps& taps, int64_t count, int64_t channels, uint8_t* to) {
  if (channels != 3) return sum_columns_plain(line, taps, count, channels, to);
  // RGBRGB of two px become RR GG BB.
  const __m128i pairs = _mm_setr_epi8(0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, -1, -1, -1, -1);
  const __m128i bytes = _mm_setr_epi8(0, 4, 8, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
  const int16_t* weights = taps.weights.data();
  for (int64_t i = 0; i < count; ++i) {
    const int16_t* p = line + (taps.begin[size_t(i)] - taps.begin[0]) * 3;
    __m128i sum = _mm_set1_epi32(kAcrossHalf);
    for (int64_t t = 0; t < taps.width; t += 2, p += 6, weights += 2) {
      int32_t pair;
      std::memcpy(&pair, weights, sizeof pair);
      const __m128i px = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)), pairs);
      sum = _mm_add_epi32(sum, _mm_madd_epi16(px, _mm_set1_epi32(pair)));
    }
    const int32_t rgb = _mm_cvtsi128_si32(_mm_shuffle_epi8(_mm_srli_epi32(sum, kAcrossShift), bytes));
    std::memcpy(to + 3 * i, &rgb, 3);
  }
}
#else
void sum_rows(const uint8_t* from, int64_t pitch, const int16_t* weights, int64_t taps, int64_t n, int16_t* line) {
  sum_rows_plain(from, pitch, weights, taps, n, line);
}
void sum_columns(const int16_t* line, const FilterTaps& taps, int64_t count, int64_t channels, uint8_t* to) {
  sum_columns_plain(line, taps, count, channels, to);
}
#endif

}  // namespace segue::data
