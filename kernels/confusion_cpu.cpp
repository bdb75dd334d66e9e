#include <cstring>

#include "confusion.h"
#include "parallel.h"
#include "status.h"

namespace segue::kernels {
namespace {

constexpr int64_t kMaxBlocks = 16, kMinGrain = 1 << 15;

/// Rows and columns of a histogram that takes every pair: classes, then one place for each kind of pair that is not
/// counted. So the loop over pixels has no branch.
struct Places {
  uint16_t row[256], column[256];
  int64_t columns, cells;  // cells: of one histogram

  Places(int64_t classes, int ignore) : columns(classes + 1), cells((classes + 2) * (classes + 1)) {
    for (int v = 0; v < 256; ++v) {
      row[v] = uint16_t(v == ignore ? classes : v < classes ? v : classes + 1);
      column[v] = uint16_t(v < classes ? v : classes);
    }
  }
};

}  // namespace

void confusion(const CpuExec& exec, const View& predictions, const View& labels, const View& matrix, const View& status,
               int ignore) {
  check_dense(predictions, "confusion", "predictions", DType::u8);
  check_view(labels, "confusion", "labels", DType::u8, predictions.shape);
  const int64_t classes = matrix.channels();
  require(classes >= 1 && classes <= 256, "confusion", "expects 1 to 256 classes; got a matrix of ", matrix.shape);
  check_view(matrix, "confusion", "matrix", DType::u64, Shape{classes, classes});
  check_view(status, "confusion", "status", DType::u32, Shape{});
  require(ignore >= -1 && ignore <= 255, "confusion", "expects ignore in -1 .. 255; got ", ignore);
  const int64_t count = predictions.count();
  if (count == 0) return;

  const Places places(classes, ignore);
  const int64_t grain = std::max(kMinGrain, block_count(count, kMaxBlocks)), blocks = block_count(count, grain);
  // Two histograms a block, taken in turn: in a row of equal pixels an addition need not wait for the one before.
  auto* counts = static_cast<uint64_t*>(exec.scratch->get(size_t(2 * blocks * places.cells) * sizeof(uint64_t)));
  const auto *p = predictions.as<uint8_t>(), *t = labels.as<uint8_t>();
  parallel_blocks(count, grain, [=, &places](int64_t block, int64_t begin, int64_t end) {
    uint64_t *even = counts + 2 * block * places.cells, *odd = even + places.cells;
    std::memset(even, 0, size_t(2 * places.cells) * sizeof(uint64_t));
    const auto cell = [&](int64_t i) { return places.row[t[i]] * places.columns + places.column[p[i]]; };
    int64_t i = begin;
    for (; i + 1 < end; i += 2) {
      ++even[cell(i)];
      ++odd[cell(i + 1)];
    }
    if (i < end) ++even[cell(i)];
  });

  auto* m = matrix.as<uint64_t>();
  uint64_t bad = 0;
  for (int64_t h = 0; h < 2 * blocks; ++h) {
    const uint64_t* from = counts + h * places.cells;
    for (int64_t r = 0; r < classes; ++r) {
      for (int64_t c = 0; c < classes; ++c) m[r * classes + c] += from[r * places.columns + c];
      bad |= from[r * places.columns + classes];
    }
    for (int64_t c = 0; c <= classes; ++c) bad |= from[(classes + 1) * places.columns + c];
  }
  if (bad) *status.as<uint32_t>() |= kStatusBadLabel;
}

}  // namespace segue::kernels
