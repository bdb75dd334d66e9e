// Images at another size: the weighted mean of the area that a pixel stands for, or the nearest pixel for labels.
#pragma once

#include <cstdint>
#include <vector>

#include "class_table.h"
#include "filter_taps.h"
#include "image.h"
#include "kernels/options.h"

namespace segue::data {

/// A table, ready to be applied to many bytes.
class ByteMap {
 public:
  explicit ByteMap(const LabelTable& table);
  /// to[i] = table[from[i]], for n bytes; may be in place.
  void apply(const uint8_t* from, uint8_t* to, int64_t n) const;

 private:
  LabelTable table_;
  uint8_t part_of_[16];  // the parts of 16 entries that do not hold the last entry throughout
  int parts_ = 0;
};

/// Resizes images again and again in memory that it keeps; one a thread. Integer arithmetic: the same bits everywhere.
///
/// An input is thought to be resized to height x width px; of that image the window `crop` is made, with no more work
/// than it needs. Pixel centres: output pixel i lies at input coordinate (i + 1/2) in/out - 1/2. Both calls, with
/// the same sizes, agree on where a thing lies.
///
/// All calls throw invalid_argument for sizes outside [1, 2^20], and for a crop that is empty or reaches beyond
/// height x width.
class Resizer {
 public:
  /// Bilinear with antialiasing: a triangle of radius max(in/out, 1) input px about the pixel's place, cut off at the
  /// border and normalised; the resize that PIL and torchvision (antialias=True) call bilinear. Rounded once, to the
  /// nearest. `in` (H,W,3) or (H,W,1); `to` gets (crop.height, crop.width, channels), row after row `pitch` bytes apart.
  void antialias(const ImageView& in, int64_t height, int64_t width, const Window& crop, uint8_t* to, int64_t pitch);

  /// Gaussian blur of standard deviation `sigma` px in both directions, cut off at 3.5 sigma and at the border and
  /// normalised. `to`, which is not `in`, gets rows `pitch` bytes apart. Throws invalid_argument unless 0 < sigma <= 64.
  void blur(const ImageView& in, double sigma, uint8_t* to, int64_t pitch);

  /// The pixel whose centre is nearest: input floor((i + 1/2) in/out). `in` (H,W,1); `table`, if given, is applied.
  void nearest(const ImageView& in, int64_t height, int64_t width, const Window& crop, const LabelTable* table,
               uint8_t* to, int64_t pitch);

 private:
  void filter(const ImageView& in, int64_t rows, int64_t columns, uint8_t* to, int64_t pitch);

  FilterTaps rows_, columns_;
  std::vector<int16_t> line_;
  std::vector<int32_t> places_;
};

/// One image, whole.
Image resize_antialias(const ImageView& in, int64_t height, int64_t width);
Image resize_nearest(const ImageView& in, int64_t height, int64_t width);

}  // namespace segue::data
