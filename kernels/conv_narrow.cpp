#include "conv_narrow.h"

#include <algorithm>
#include <utility>

namespace segue::kernels::conv {
namespace {

constexpr int64_t kBandFloats = 4 << 20;  // columns of a band of rows: they stay in the last cache level

}  // namespace

/// Result rows per band.
int64_t NarrowProduct::band() const {
  return std::clamp<int64_t>(kBandFloats / std::max<int64_t>(1, in_w * columns()), std::min<int64_t>(rows.out, 8),
                             rows.out);
}

/// The input rows [first, last) that result rows [begin, end) read.
std::pair<int64_t, int64_t> NarrowProduct::read_rows(int64_t begin, int64_t end) const {
  int64_t first = in_h, last = 0;
  for (int64_t i = begin * rows.taps; i < end * rows.taps; ++i) {
    const int64_t row = rows.in[size_t(i)];
    if (row < 0) continue;
    first = std::min(first, row), last = std::max(last, row + 1);
  }
  return {std::min(first, last), last};
}

GatherProduct NarrowProduct::product(int64_t image, int64_t row, int64_t count, float* z) const {
  GatherProduct g;
  g.a = a + (image * in_h + row) * in_w * in_c;
  g.n = 1, g.in_h = count, g.in_w = in_w, g.pitch = in_c, g.len = in_c;
  g.rows = AxisMap::forward(count, count, 1, 1, 0, 1), g.cols = AxisMap::forward(in_w, in_w, 1, 1, 0, 1);
  g.w = w, g.w_by_len = w_by_len, g.w_stride = w_by_len ? columns() : in_c;
  g.y = z, g.out_c = columns();
  return g;
}

int64_t NarrowProduct::scratch_floats(int threads) const {
  int64_t most = 1;
  for (int64_t p = 0; p < rows.out; p += band()) {
    const auto [first, last] = read_rows(p, std::min(rows.out, p + band()));
    most = std::max(most, last - first);
  }
  return Carver::rounded(most * in_w * columns()) + product(0, 0, most, nullptr).scratch_floats(threads);
}

template <int64_t Channels>
void NarrowProduct::gather(int64_t image, int64_t p, int64_t first_row, const float* z) const {
  const int64_t taps = rows.taps * cols.taps, pixel = columns();
  const int64_t tap_step = w_by_len ? Channels : 1, channel_step = w_by_len ? 1 : taps;
  for (int64_t q = 0; q < cols.out; ++q) {
    const int32_t* col = &cols.in[size_t(q * cols.taps)];
    float sum[Channels] = {};
    for (int64_t r = 0; r < rows.taps; ++r) {
      const int64_t row = rows.in[size_t(p * rows.taps + r)];
      if (row < 0) continue;
      const float* from = z + (row - first_row) * in_w * pixel + r * cols.taps * tap_step;
      for (int64_t s = 0; s < cols.taps; ++s, from += tap_step) {
        if (col[s] < 0) continue;
        const float* at = from + col[s] * pixel;
        for (int64_t j = 0; j < Channels; ++j) sum[j] += at[j * channel_step];
      }
    }
    float* to = y + ((image * rows.out + p) * cols.out + q) * Channels;
    for (int64_t j = 0; j < Channels; ++j) to[j] = (accumulate ? to[j] : 0.f) + (bias ? bias[j] : 0.f) + sum[j];
  }
}

void NarrowProduct::gather_row(int64_t image, int64_t p, int64_t first_row, const float* z) const {
  switch (out_c) {
    case 1: return gather<1>(image, p, first_row, z);
    case 2: return gather<2>(image, p, first_row, z);
    case 3: return gather<3>(image, p, first_row, z);
    default: return gather<4>(image, p, first_row, z);
  }
}

void NarrowProduct::run(float* scratch, int threads) const {
  const int64_t step = band();
  for (int64_t image = 0; image < n; ++image)
    for (int64_t begin = 0; begin < rows.out; begin += step) {
      const int64_t end = std::min(rows.out, begin + step);
      const auto [first, last] = read_rows(begin, end);
      if (last > first) {
        const GatherProduct g = product(image, first, last - first, scratch);
        g.run(scratch + Carver::rounded((last - first) * in_w * columns()), threads);
      }
      const int64_t first_row = first;
      run_tasks(end - begin, threads, [&](int64_t i, int) { gather_row(image, begin + i, first_row, scratch); });
    }
}

}  // namespace segue::kernels::conv
