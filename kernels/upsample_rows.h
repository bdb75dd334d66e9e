// Bilinear upsampling of logits a strip of a row at a time, for CPU kernels that fuse it with what follows.
#pragma once

#include <cstdint>

#include "bilinear_tap.h"

namespace segue::kernels {

/// Pixels of a strip. A strip holds a plane for each class: class c of pixel i lies at [c * kStripPixels + i], so that
/// loops over classes work on many pixels at once. Two expanded rows and a strip of 19 classes stay in 32 KiB.
constexpr int64_t kStripPixels = 128;

/// Rows of logits (h,w,C) resized to (H,W), align_corners = false, any ratio; one strip of columns at a time. Columns
/// are interpolated once for every low-resolution row, rows once for every output row:
///
///   e_r[x] = z[r, x.low] + x.weight (z[r, x.high] - z[r, x.low]);   out[y, x] = e_a + y.weight (e_b - e_a)
///
/// with a = y.low, b = y.high: the definition of resize_bilinear. Belongs to one thread; walk the rows of a strip in
/// order.
class UpsampleStrip {
 public:
  /// Floats of working memory for `classes`: two expanded rows.
  static int64_t memory_floats(int64_t classes) { return 2 * classes * kStripPixels; }

  /// `memory`: memory_floats(C) floats, best at 64 bytes' alignment.
  UpsampleStrip(int64_t h, int64_t w, int64_t classes, int64_t height, int64_t width, float* memory)
      : h_(h), w_(w), classes_(classes), height_(height), width_(width), memory_(memory) {}

  /// Turns to columns x, x+1, ... of one image (h,w,C). Columns behind the last repeat it, so that every strip is full.
  void begin(const float* logits, int64_t x) {
    logits_ = logits;
    for (int64_t i = 0; i < kStripPixels; ++i) {
      const int64_t column = x + i < width_ ? x + i : width_ - 1;
      const BilinearTap t = bilinear_tap(column, w_, width_);
      low_[i] = int32_t(t.low * classes_);
      high_[i] = int32_t(t.high * classes_);
      weight_[i] = t.weight;
    }
    held_[0] = held_[1] = -1;
  }

  /// Expanded rows of the output row y: low(), high() are strips, out = low + weight (high - low).
  struct Rows {
    const float* low;
    const float* high;
    float weight;
    int64_t low_row, high_row;
  };
  Rows rows(int64_t y) {
    const BilinearTap t = bilinear_tap(y, h_, height_);
    const float* low = expanded(t.low, t.high);
    const float* high = expanded(t.high, t.low);
    return {low, high, t.weight, t.low, t.high};
  }

  /// The output row y into the strip `out` (C * kStripPixels).
  void row(int64_t y, float* out) {
    const Rows r = rows(y);
    const int64_t n = classes_ * kStripPixels;
    for (int64_t i = 0; i < n; ++i) out[i] = r.low[i] + r.weight * (r.high[i] - r.low[i]);
  }

 private:
  // The strip of low-resolution row r; leaves that of row `keep` alone.
  const float* expanded(int64_t r, int64_t keep) {
    for (int slot = 0; slot < 2; ++slot)
      if (held_[slot] == r) return plane(slot);
    const int slot = held_[0] == keep ? 1 : 0;
    held_[slot] = r;
    expand(logits_ + r * w_ * classes_, plane(slot));
    return plane(slot);
  }
  float* plane(int slot) const { return memory_ + slot * classes_ * kStripPixels; }

  void expand(const float* z, float* e) const {
    for (int64_t c = 0; c < classes_; ++c, ++z, e += kStripPixels)
      for (int64_t i = 0; i < kStripPixels; ++i) {
        const float a = z[low_[i]], b = z[high_[i]];
        e[i] = a + weight_[i] * (b - a);
      }
  }

  int64_t h_, w_, classes_, height_, width_;
  float* memory_;
  const float* logits_ = nullptr;
  int32_t low_[kStripPixels], high_[kStripPixels];  // in floats from the start of a row
  float weight_[kStripPixels];
  int64_t held_[2] = {-1, -1};
};

}  // namespace segue::kernels
