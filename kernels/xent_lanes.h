// Softmax of a few pixels at a time whose classes are padded to whole vectors, for the losses on the CPU.
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

#include "label_reader.h"
#include "vmath.h"

namespace segue::kernels {

/// Most classes, and most lanes, of a pixel.
constexpr int kMaxLanes = 256;
/// Logit of a padding lane: the difference of two is 0, and its softmax is below 1e-37.
constexpr float kPadLogit = -1e30f;

/// Eight lanes in one variable, where a loop over an array would stay in memory. Never passed by value: that would
/// depend on the instruction set.
typedef float Lanes8 __attribute__((vector_size(32), may_alias));
typedef int32_t Index8 __attribute__((vector_size(32), may_alias));

/// Classes rounded up to whole vectors of 8.
inline int lanes_of(int64_t classes) { return int((classes + 7) / 8 * 8); }

/// Calls f(std::integral_constant<int, L>) with L the lanes if they are a common number, else 0: loops over a constant
/// number of lanes stay in registers.
template <class F>
void with_lanes(int lanes, F&& f) {
  switch (lanes) {
    case 8: return f(std::integral_constant<int, 8>{});
    case 16: return f(std::integral_constant<int, 16>{});
    case 24: return f(std::integral_constant<int, 24>{});
    case 32: return f(std::integral_constant<int, 32>{});
    default: return f(std::integral_constant<int, 0>{});
  }
}

/// exp(x) for x <= 0, as a softmax needs it: the arithmetic of vexp, but below -87.3 it stays at 1.2e-38 instead of
/// going to 0, which needs half as many instructions.
[[gnu::always_inline]] inline float exp_below_one(float x) {
  constexpr float kRound = 12582912.f;
  x = x < -87.33f ? -87.33f : x;  // a NaN passes
  const float shifted = x * 1.44269504f + kRound;
  const float n = shifted - kRound;
  const float r = (x - n * 0.693145752f) - n * 1.42860677e-6f;
  float p = 0.00138141913f;
  p = p * r + 0.00836891402f;
  p = p * r + 0.0416684076f;
  p = p * r + 0.166665196f;
  p = p * r + 0.49999994f;
  p = (p * r) * r + r + 1.f;
  // The low bits of `shifted` are n; moved into the exponent they multiply by 2^n.
  return p * std::bit_cast<float>((std::bit_cast<uint32_t>(shifted) << 23) + 0x3f800000u);
}

/// The lanes of a pixel that lies dense in memory.
template <int L>
[[gnu::always_inline]] inline void load_lanes(const float* row, int classes, int lanes, float* z) {
  const int n = L ? L : lanes;
  for (int i = 0; i < n; ++i) z[i] = i < classes ? row[i] : kPadLogit;
}

/// Pixels whose softmax is taken together: each step is a loop over all of them, so that the processor has independent
/// work at every moment.
template <int L>
struct SoftmaxTile {
  static constexpr int kPixels = 32;

  explicit SoftmaxTile(int lanes) : lanes(L ? L : lanes) {}

  float* of(int p) { return z + p * (L ? L : lanes); }

  /// z becomes exp(z - max) in all pixels; sum is theirs: log of the softmax's denominator = max + log(sum).
  void exponentials() {
    const int n = L ? L : lanes;
    for (int p = 0; p < count; ++p) {
      const float* q = of(p);
      float largest = q[0];
#pragma omp simd reduction(max : largest)
      for (int i = 0; i < n; ++i) largest = q[i] > largest ? q[i] : largest;
      max[p] = largest;
    }
    for (int p = 0; p < count; ++p) {
      float* q = of(p);
      const float largest = max[p];
      for (int i = 0; i < n; ++i) q[i] = exp_below_one(q[i] - largest);
    }
    for (int p = 0; p < count; ++p) {
      const float* q = of(p);
      float total = 0;
#pragma omp simd reduction(+ : total)
      for (int i = 0; i < n; ++i) total += q[i];
      sum[p] = total;
    }
  }

  const int lanes;
  int count = 0;
  alignas(64) float z[kPixels * (L ? L : kMaxLanes)];
  float max[kPixels], sum[kPixels];
};

/// A softmax tile against labels.
template <int L>
struct XentTile : SoftmaxTile<L> {
  using Base = SoftmaxTile<L>;
  using Base::Base;
  using Base::kPixels;

  /// Takes a pixel in and returns its lanes, to be filled with its logits.
  float* take(int64_t where_, const PixelTarget& target) {
    const int p = this->count++;
    where[p] = where_;
    label[p] = target.label;
    weight[p] = target.weight;
    return this->of(p);
  }
  bool full() const { return this->count == kPixels; }

  /// z becomes exp(z - max), and the weighted losses are added to `loss`.
  void softmax() {
    const int n = this->count;
    float minus[kPixels], term[kPixels];
    for (int p = 0; p < n; ++p) minus[p] = this->of(p)[label[p]];
    this->exponentials();
    for (int p = 0; p < n; ++p) {
      term[p] = weight[p] * (vlog(this->sum[p]) + (this->max[p] - minus[p]));
      factor[p] = weight[p] / this->sum[p];
    }
    for (int p = 0; p < n; ++p) loss += double(term[p]);
  }

  double loss = 0;
  int64_t where[kPixels];
  int label[kPixels];
  float weight[kPixels], factor[kPixels];
};

}  // namespace segue::kernels
