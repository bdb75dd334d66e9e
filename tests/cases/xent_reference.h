// Operands and float64 references that the cases of label_norm, softmax_xent and upsample_xent share.
#pragma once

#include <algorithm>
#include <cmath>

#include "cases_of.h"
#include "kernels/options.h"
#include "kernels/status.h"

namespace segue::cases {

/// What the labels of a case hold beside classes and 255.
enum class LabelKind { plain, all_ignored, bad };

inline Array labels_of(const Shape& shape, int64_t classes, LabelKind kind) {
  Array a = labels(shape, classes, 7);
  if (kind == LabelKind::all_ignored) a = constant(shape, 255);
  if (kind == LabelKind::bad)
    for (int64_t i = 0; i < a.count(); i += 5) a[i] = i % 2 ? 254 : double(classes);
  return a;
}

/// Weight of a pixel in the sum: 0 if it is ignored or bad. Empty weights are 1.
inline double weight_of(const Array& labels, const Array& weights, const Array& class_weights, int64_t classes,
                        int64_t pixel) {
  const double label = labels[pixel];
  if (label == 255 || label >= double(classes)) return 0;
  return (weights.count() ? weights[pixel] : 1) * (class_weights.count() ? class_weights[int64_t(label)] : 1);
}

inline double status_of(const Array& labels, int64_t classes) {
  for (double label : labels.v)
    if (label != 255 && label >= double(classes)) return kStatusBadLabel;
  return 0;
}

/// 1 / normaliser.
inline double inv_norm_of(const Array& labels, const Array& weights, const Array& class_weights, int64_t classes,
                          Normalizer normalizer) {
  double norm = 0;
  for (int64_t p = 0; p < labels.count(); ++p) {
    if (normalizer == Normalizer::weights) norm += weight_of(labels, weights, class_weights, classes, p);
    if (normalizer == Normalizer::valid) norm += weight_of(labels, {}, {}, classes, p);
    if (normalizer == Normalizer::all) norm += 1;
  }
  return norm == 0 ? 0 : 1 / norm;
}

struct XentReference {
  double loss = 0;
  Array dlogits;
};

/// Loss of logits (..,C) at full size, and the gradient of the sum before inv_norm, times `dsum`.
inline XentReference xent(const Array& logits, const Array& labels, const Array& weights, const Array& class_weights,
                          double inv_norm, double dsum = 1) {
  XentReference r{0, Array(logits.shape)};
  const int64_t classes = logits.shape.channels();
  for (int64_t p = 0; p < labels.count(); ++p) {
    const double w = weight_of(labels, weights, class_weights, classes, p);
    if (w == 0) continue;
    const double* z = &logits.v[size_t(p * classes)];
    const double top = *std::max_element(z, z + classes);
    double sum = 0;
    for (int64_t c = 0; c < classes; ++c) sum += std::exp(z[c] - top);
    const auto label = int64_t(labels[p]);
    r.loss += inv_norm * w * (top + std::log(sum) - z[label]);
    for (int64_t c = 0; c < classes; ++c)
      r.dlogits[p * classes + c] = dsum * w * (std::exp(z[c] - top) / sum - (c == label ? 1 : 0));
  }
  return r;
}

/// A tensor of the step that holds these values.
inline Tensor tensor_of(Context& c, const Array& values, DType dtype) {
  Tensor t = c.empty(values.shape, dtype);
  const std::vector<std::byte> bytes = Buffer(values, dtype).payload();
  std::memcpy(t.data(), bytes.data(), bytes.size());
  return t;
}

inline View view_or_absent(Buffer& b, bool present) { return present ? b.view() : View(); }

}  // namespace segue::cases
