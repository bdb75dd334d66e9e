#include <algorithm>

#include "elementwise.h"
#include "phases.h"

namespace segue::kernels {
namespace {

void check(const char* where, const View& images, const View& phases, int64_t factor) {
  check_dense(images, where, "images", DType::f32);
  check_dense(phases, where, "phases", DType::f32);
  check_phases(where, images.shape, phases.shape, factor);
}

/// Where the pixels of one row of a phase lie.
struct PhaseRow {
  bool exists;     // its image has this row
  int64_t first;   // element of the row's first pixel in the images
  int64_t pixels;  // that its image has
};

/// Calls f(element of the row in the phases, PhaseRow) for every row of every phase, in parallel.
template <class F>
void for_each_row(const Shape& s, const Shape& p, int64_t factor, const F& f) {
  const int64_t height = p[1], row = p[2] * s[3];
  parallel_for(p[0] * height, row_grain(row), [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t phase = i / height, b = phase % factor, a = phase / factor % factor, n = phase / (factor * factor);
      const int64_t y = i % height * factor + a;
      const int64_t pixels = s[2] > b ? std::min(p[2], (s[2] - b + factor - 1) / factor) : 0;
      f(i * row, PhaseRow{y < s[1], ((n * s[1] + y) * s[2] + b) * s[3], pixels});
    }
  });
}

}  // namespace

void to_phases(const CpuExec&, const View& x, const View& y, int64_t factor) {
  check("to_phases", x, y, factor);
  const float* in = x.as<float>();
  float* out = y.as<float>();
  const int64_t channels = x.channels(), width = y.shape[2];
  for_each_row(x.shape, y.shape, factor, [=](int64_t to, const PhaseRow& row) {
    const int64_t pixels = row.exists ? row.pixels : 0;
    for (int64_t j = 0; j < pixels; ++j)
      std::copy_n(in + row.first + j * factor * channels, channels, out + to + j * channels);
    std::fill(out + to + pixels * channels, out + to + width * channels, 0.f);
  });
}

void from_phases(const CpuExec&, const View& x, const View& y, int64_t factor, bool accumulate) {
  check("from_phases", y, x, factor);
  const float* in = x.as<float>();
  float* out = y.as<float>();
  const int64_t channels = x.channels();
  for_each_row(y.shape, x.shape, factor, [=](int64_t from, const PhaseRow& row) {
    if (!row.exists) return;
    for (int64_t j = 0; j < row.pixels; ++j) {
      const float* pixel = in + from + j * channels;
      float* to = out + row.first + j * factor * channels;
      if (accumulate)
        for (int64_t c = 0; c < channels; ++c) to[c] += pixel[c];
      else
        std::copy_n(pixel, channels, to);
    }
  });
}

}  // namespace segue::kernels
