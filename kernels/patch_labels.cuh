// The labels of a patch of upsampled logits.
#pragma once

#include "label_reader.cuh"
#include "upsample_cells.cuh"

namespace segue::gpu {
inline namespace SEGUE_GPU_BACKEND {

// The four labels of a row, bytes of a word, compared at once: bit j of a result is that of byte j.
constexpr unsigned kEachByte = 0x01010101u, kHighBits = 0x80808080u;
__device__ __forceinline__ unsigned four_bits(unsigned high_bits) {
  return ((high_bits & kHighBits) >> 7) * 0x10204080u >> 28;
}
__device__ __forceinline__ unsigned bytes_equal(unsigned row, unsigned label) {
  const unsigned x = row ^ label * kEachByte;
  return four_bits(~(((x & ~kHighBits) + ~kHighBits) | x));  // adding 127 sets the high bit of all but 0
}
__device__ __forceinline__ unsigned bytes_at_least(unsigned row, unsigned limit) {
  const unsigned low_bits = (row | kHighBits) - (limit & 127) * kEachByte;
  return limit >= 256 ? 0 : four_bits(limit < 128 ? low_bits | row : low_bits & row);
}

/// Labels of the outputs of a patch. Output (i, j) has bit 4 i + j in masks.
class PatchLabels {
 public:
  __device__ __forceinline__ PatchLabels(const PixelLabels& labels, const CellTiles& tiles, const Patch& patch,
                                         int image)
      : labels_(labels), tiles_(tiles), y_(patch.y), x_(patch.x), image_(int64_t(image) * tiles.y.out * tiles.x.out) {
    // All loads come first, and from where there is something: none waits for another.
#pragma unroll
    for (int i = 0; i < kPatch; ++i) {
      rows_[i] = 0;
#pragma unroll
      for (int j = 0; j < kPatch; ++j) rows_[i] |= unsigned(labels.labels[pixel(i, j)]) << (8 * j);
    }
    unsigned ignored = 0, unknown = 0;
#pragma unroll
    for (int i = 0; i < kPatch; ++i) {
      if (labels.ignore >= 0) ignored |= bytes_equal(rows_[i], unsigned(labels.ignore)) << (kPatch * i);
      unknown |= bytes_at_least(rows_[i], unsigned(labels.classes)) << (kPatch * i);
    }
    const unsigned meant = patch.mask() & ~ignored;
    counted_ = meant & ~unknown;
    bad_ = (meant & unknown) != 0;
  }

  /// Outputs whose label is a class.
  __device__ __forceinline__ unsigned counted() const { return counted_; }
  /// A label is neither a class nor `ignore`.
  __device__ __forceinline__ bool bad() const { return bad_; }
  /// Label of an output by its bit's index.
  __device__ __forceinline__ int label(int k) const {
    const unsigned row = k < 8 ? (k < 4 ? rows_[0] : rows_[1]) : k < 12 ? rows_[2] : rows_[3];
    return int(row >> (8 * (k % kPatch)) & 255);
  }
  /// Outputs with this label.
  __device__ __forceinline__ unsigned with(int label) const {
    unsigned same = 0;
#pragma unroll
    for (int i = 0; i < kPatch; ++i) same |= bytes_equal(rows_[i], unsigned(label)) << (kPatch * i);
    return same;
  }
  /// Index of an output among all pixels; where the patch has none, that of one nearby.
  __device__ __forceinline__ int64_t pixel(int i, int j) const {
    const CellAxis &y = tiles_.y, &x = tiles_.x;
    return image_ + int64_t(min(y_ + i, y.out - 1)) * x.out + min(x_ + j, x.out - 1);
  }
  /// Weight of output k, which counts.
  __device__ __forceinline__ float weight(int k) const {
    float w = labels_.weights ? labels_.weights[pixel(k / kPatch, k % kPatch)] : 1.f;
    if (labels_.class_weights) w *= labels_.class_weights[label(k)];
    return w;
  }
  /// Weights of all outputs; 0 of those that do not count.
  __device__ __forceinline__ void weights(float (&weight)[kPatch][kPatch]) const {
    each(weight, [&](int i, int j) { return labels_.weights ? labels_.weights[pixel(i, j)] : 1.f; });
    if (labels_.class_weights)
      each(weight, [&](int i, int j) {
        return weight[i][j] * labels_.class_weights[min(int(rows_[i] >> (8 * j) & 255), labels_.classes - 1)];
      });
    each(weight, [&](int i, int j) { return counted_ >> (kPatch * i + j) & 1 ? weight[i][j] : 0.f; });
  }

 private:
  template <class F>
  static __device__ __forceinline__ void each(float (&v)[kPatch][kPatch], F f) {
#pragma unroll
    for (int i = 0; i < kPatch; ++i)
#pragma unroll
      for (int j = 0; j < kPatch; ++j) v[i][j] = f(i, j);
  }

  const PixelLabels& labels_;
  const CellTiles& tiles_;
  const int y_, x_;
  const int64_t image_;    // its first pixel
  unsigned rows_[kPatch];  // four labels each
  unsigned counted_ = 0;
  bool bad_ = false;
};

}  // namespace SEGUE_GPU_BACKEND
}  // namespace segue::gpu
