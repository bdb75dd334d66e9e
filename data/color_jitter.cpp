#include "color_jitter.h"

#include <cmath>

namespace segue::data {
namespace {

using Matrix = std::array<std::array<double, 4>, 3>;

/// a after b.
Matrix product(const Matrix& a, const Matrix& b) {
  Matrix m{};
  for (size_t i = 0; i < 3; ++i) {
    for (size_t j = 0; j < 4; ++j)
      for (size_t k = 0; k < 3; ++k) m[i][j] += a[i][k] * b[k][j];
    m[i][3] += a[i][3];
  }
  return m;
}

Matrix diagonal(double factor, double offset) {
  return {{{factor, 0, 0, offset}, {0, factor, 0, offset}, {0, 0, factor, offset}}};
}

Matrix saturation(double s) {
  constexpr double kLuma[3] = {0.299, 0.587, 0.114};  // ITU-R BT.601
  Matrix m = diagonal(s, 0);
  for (auto& row : m)
    for (size_t j = 0; j < 3; ++j) row[j] += (1 - s) * kLuma[j];
  return m;
}

Matrix hue(double turns) {
  // Rodrigues' rotation about (1,1,1) / sqrt(3).
  const double angle = 2 * 3.14159265358979323846 * turns, c = std::cos(angle), s = std::sin(angle) / std::sqrt(3.0);
  const double grey = (1 - c) / 3;
  Matrix m{};
  for (size_t i = 0; i < 3; ++i) {
    m[i][i] = c + grey;
    m[i][(i + 1) % 3] = grey - s;
    m[i][(i + 2) % 3] = grey + s;
  }
  return m;
}

}  // namespace

std::array<float, 12> color_matrix(const ColorJitter& j) {
  const Matrix tone = diagonal(j.contrast * j.brightness, (1 - j.contrast) * j.pivot);
  const Matrix m = product(hue(j.hue), product(saturation(j.saturation), tone));
  std::array<float, 12> out;
  for (size_t i = 0; i < 12; ++i) out[i] = float(m[i / 4][i % 4]);
  return out;
}

}  // namespace segue::data
