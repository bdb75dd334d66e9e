// Loops over pixels with something per channel, for CPU kernels: rows of whole pixels wide enough to vectorise however
// few channels there are, blocks of them that run in parallel, and sums over pixels in double precision.
#pragma once

#include <array>
#include <numeric>

#include "parallel.h"

namespace segue::kernels {

/// An image as rows of `width` elements: as many whole pixels as make a multiple of 8 and at least 256, or one pixel.
/// The last row of an image may be shorter.
struct ChannelRows {
  static constexpr int64_t kMaxTiled = 2048;  ///< width of a row of several pixels at most: 255 channels times 8

  int64_t channels, repeat = 1, width;

  explicit ChannelRows(int64_t c) : channels(c) {
    if (c > 0 && c < 256) {
      const int64_t unit = 8 / std::gcd(c, int64_t{8});
      repeat = (255 / (c * unit) + 1) * unit;
    }
    width = c * repeat;
  }
  /// Values of the channels, repeated over a row.
  template <class T>
  void tile(const T* values, T* row) const {
    for (int64_t r = 0; r < repeat; ++r) std::copy_n(values, channels, row + r * channels);
  }
};

/// `groups` times `pixels` pixels, cut into blocks of whole rows that do not cross a group.
struct ChannelBlocks {
  static constexpr int64_t kElements = 64 * 1024;  // 256 KiB of f32: two operands stay in the second cache level

  ChannelRows rows;
  int64_t groups, pixels, grain, per_group;

  ChannelBlocks(int64_t groups, int64_t pixels, int64_t channels)
      : rows(channels),
        groups(groups),
        pixels(pixels),
        grain(std::max<int64_t>(1, kElements / std::max<int64_t>(1, rows.width)) * rows.repeat),
        per_group(block_count(pixels, grain)) {}

  int64_t blocks() const { return groups * per_group; }
  /// Calls f(block, group, begin, end) with borders in elements.
  template <class F>
  void each(F&& f) const {
    parallel_blocks(blocks(), 1, [&](int64_t b, int64_t, int64_t) { call(f, b); });
  }
  /// The same from the last block to the first: a second pass starts with what the first one left in the cache.
  template <class F>
  void each_backwards(F&& f) const {
    parallel_blocks(blocks(), 1, [&](int64_t b, int64_t, int64_t) { call(f, blocks() - 1 - b); });
  }

 private:
  template <class F>
  void call(F&& f, int64_t block) const {
    const int64_t group = block / per_group, first = block % per_group * grain;
    const int64_t start = group * pixels, n = std::min(grain, pixels - first);
    f(block, group, (start + first) * rows.channels, (start + first + n) * rows.channels);
  }
};

/// Calls f(element, i) for the elements of [begin, end), i = place in the row. f writes element `element` alone of what
/// it writes, so operands may be the same memory.
template <class F>
[[gnu::always_inline]] inline void map_rows(int64_t begin, int64_t end, int64_t width, F f) {
  for (int64_t row = begin; row < end; row += width) {
    const int64_t n = std::min(width, end - row);
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) f(row + i, i);
  }
}

/// Adds Q sums over the pixels of [begin, end) to sums[q * width + i]. term(element, i) gives their Q summands as an
/// array, i = place in the row. Eight rows are added in the type of the summands, groups of eight in f64.
template <int Q, class Term>
[[gnu::always_inline]] inline void add_rows(int64_t begin, int64_t end, int64_t width, double* sums, Term term) {
  constexpr int kRows = 8;
  using Summands = decltype(term(int64_t{}, int64_t{}));
  int64_t row = begin;
  for (; row + kRows * width <= end; row += kRows * width) {
#pragma GCC ivdep
    for (int64_t i = 0; i < width; ++i) {
      Summands s = term(row + i, i);
      for (int k = 1; k < kRows; ++k) {
        const Summands t = term(row + k * width + i, i);
        for (int q = 0; q < Q; ++q) s[size_t(q)] += t[size_t(q)];
      }
      for (int q = 0; q < Q; ++q) sums[q * width + i] += double(s[size_t(q)]);
    }
  }
  map_rows(row, end, width, [=](int64_t e, int64_t i) {
    const Summands s = term(e, i);
    for (int q = 0; q < Q; ++q) sums[q * width + i] += double(s[size_t(q)]);
  });
}

/// Sums over the pixels of each group: `partials` holds Q rows for every block. Calls f(group, first, n, sums), on
/// runs of at most kRun channels, with n values of sums[q].
constexpr int64_t kChannelRun = 256;
template <int Q, class F>
void fold_channels(const ChannelBlocks& blocks, const double* partials, F&& f) {
  const int64_t width = blocks.rows.width, channels = blocks.rows.channels;
  const int64_t runs = block_count(channels, kChannelRun);
  parallel_blocks(blocks.groups * runs, 1, [&](int64_t item, int64_t, int64_t) {
    const int64_t group = item / runs, first = item % runs * kChannelRun;
    const int64_t n = std::min(kChannelRun, channels - first);
    std::array<std::array<double, kChannelRun>, Q> sums{};
    for (int64_t b = group * blocks.per_group; b < (group + 1) * blocks.per_group; ++b)
      for (int64_t q = 0; q < Q; ++q)
        for (int64_t r = 0; r < blocks.rows.repeat; ++r) {
          const double* p = partials + (b * Q + q) * width + r * channels + first;
          for (int64_t c = 0; c < n; ++c) sums[size_t(q)][size_t(c)] += p[c];
        }
    f(group, first, n, sums);
  });
}

}  // namespace segue::kernels
