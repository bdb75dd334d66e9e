// Walks the rows of upsampled logits, tile by tile, for kernels that count what they see.
#pragma once

#include "count_blocks.h"
#include "upsample_rows.h"
#include "view.h"

namespace segue::kernels {

/// Sizes of logits (N,h,w,C) and of the labels (N,H,W) to which they are resized.
struct UpsampleSizes {
  int64_t images = 0, h = 0, w = 0, classes = 0, height = 0, width = 0;

  UpsampleSizes(const char* op, const View& logits, const View& labels) {
    check_dense(logits, op, "logits", DType::f32);
    check_dense(labels, op, "labels", DType::u8);
    require(logits.shape.dims() == 4 && labels.shape.dims() == 3 && logits.shape[0] == labels.shape[0], op,
            "expects logits (N,h,w,C) and labels (N,H,W) of the same N; got ", logits.shape, " and ", labels.shape);
    images = logits.shape[0], h = logits.shape[1], w = logits.shape[2], classes = logits.shape[3];
    height = labels.shape[1], width = labels.shape[2];
    require(labels.count() == 0 || logits.count() > 0, op, "expects logits that are not empty; got ", logits.shape);
  }
};

/// Rows that a tile walks down: enough that a low-resolution row is expanded little more than once.
constexpr int64_t kTileRows = 32;

/// Calls f(strip, pixel, count, counts) for every strip of `count` pixels from index `pixel` of (N,H,W) on; counts into
/// `bins` counters that are added to `totals` at the end.
template <class F>
void upsample_tiles(const CpuExec& exec, const UpsampleSizes& s, const float* logits, int64_t bins, uint64_t* totals,
                    F&& f) {
  const int64_t across = block_count(s.width, kStripPixels), down = block_count(s.height, kTileRows);
  const int64_t rows_floats = UpsampleStrip::memory_floats(s.classes);
  count_blocks(exec, s.images * down * across, rows_floats + s.classes * kStripPixels, bins, totals,
               [&](int64_t begin, int64_t end, float* memory, uint32_t* counts) {
                 UpsampleStrip up(s.h, s.w, s.classes, s.height, s.width, memory);
                 float* strip = memory + rows_floats;
                 for (int64_t tile = begin; tile < end; ++tile) {
                   const int64_t x = tile % across * kStripPixels, y = tile / across % down * kTileRows;
                   const int64_t n = tile / across / down;
                   up.begin(logits + n * s.h * s.w * s.classes, x);
                   for (int64_t row = y; row < std::min(y + kTileRows, s.height); ++row) {
                     up.row(row, strip);
                     f(strip, (n * s.height + row) * s.width + x, std::min(kStripPixels, s.width - x), counts);
                   }
                 }
               });
}

}  // namespace segue::kernels
