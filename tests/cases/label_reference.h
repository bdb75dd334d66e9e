// References that the cases of pseudo_label, upsample_pseudo_label and upsample_confusion share.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "cases_of.h"
#include "kernels/philox.h"

namespace segue::cases {

/// What a pixel's logits say: the largest (NaN never is), its class, its softmax, and by how much it leads.
struct Vote {
  int64_t winner = 0;
  double confidence = 0;
  double lead = HUGE_VAL;
};

inline Vote vote(const double* z, int64_t classes) {
  Vote v;
  double best = -HUGE_VAL, second = -HUGE_VAL, sum = 0;
  for (int64_t c = 0; c < classes; ++c) {
    if (z[c] > best) {
      second = best;
      best = z[c];
      v.winner = c;
    } else if (z[c] > second) {
      second = z[c];
    }
  }
  for (int64_t c = 0; c < classes; ++c) sum += std::exp(z[c] - best);
  v.confidence = 1 / sum;
  v.lead = best - second;
  return v;
}

/// Bilinear resize of (N,h,w,C) to (N,H,W,C), align_corners = false, as PyTorch defines it.
inline Array upsampled(const Array& z, int64_t height, int64_t width) {
  const int64_t n = z.shape[0], h = z.shape[1], w = z.shape[2], classes = z.shape[3];
  Array y(Shape{n, height, width, classes});
  const auto source = [](int64_t to, int64_t in, int64_t out) {
    return std::max((double(to) + 0.5) * double(in) / double(out) - 0.5, 0.0);
  };
  for (int64_t i = 0; i < n; ++i)
    for (int64_t r = 0; r < height; ++r)
      for (int64_t q = 0; q < width; ++q) {
        const double sy = source(r, h, height), sx = source(q, w, width);
        const int64_t y0 = std::min(int64_t(sy), h - 1), x0 = std::min(int64_t(sx), w - 1);
        const int64_t y1 = std::min(y0 + 1, h - 1), x1 = std::min(x0 + 1, w - 1);
        const double ty = sy - double(y0), tx = sx - double(x0);
        for (int64_t c = 0; c < classes; ++c)
          y.at(i, r, q, c) = (1 - ty) * ((1 - tx) * z.at(i, y0, x0, c) + tx * z.at(i, y0, x1, c)) +
                             ty * ((1 - tx) * z.at(i, y1, x0, c) + tx * z.at(i, y1, x1, c));
      }
  return y;
}

/// Bin of a confidence.
inline int64_t bin_of(double confidence, int64_t bins) {
  return std::min(int64_t(confidence * double(bins)), bins - 1);
}

/// True if rounding cannot change what the pixel decides: its class, whether it is kept, its bin (if there are any).
inline bool decided(const Vote& v, const Array& thresholds, int64_t bins) {
  constexpr double kMargin = 1e-5;  // logits up to 8: some 100 times the rounding of a logit or a probability
  if (v.lead < kMargin || std::abs(v.confidence - thresholds[v.winner]) < kMargin) return false;
  const double at = v.confidence * double(bins);
  return bins == 0 || v.confidence > 1 - 1e-9 || std::abs(at - std::round(at)) > kMargin * double(bins);
}

/// Labels, confidences and histogram (added to what it holds) of full-size logits.
struct PseudoReference {
  Array labels, confidence, histogram;

  PseudoReference(const Array& z, const Array& thresholds, const Array& before) : histogram(before) {
    Shape shape;
    for (int i = 0; i + 1 < z.shape.dims(); ++i) shape.push(z.shape[i]);
    labels = confidence = Array(shape);
    const int64_t classes = z.shape.channels(), bins = before.count() ? before.shape[1] : 0;
    for (int64_t p = 0; p < labels.count(); ++p) {
      const Vote v = vote(&z.v[size_t(p * classes)], classes);
      confidence[p] = v.confidence;
      labels[p] = v.confidence >= thresholds[v.winner] ? double(v.winner) : 255;
      if (bins && !std::isnan(v.confidence)) histogram[v.winner * bins + bin_of(v.confidence, bins)] += 1;
    }
  }
};

}  // namespace segue::cases
