#include <vector>

#include "bilinear_tap.h"
#include "parallel.h"
#include "resize_bilinear.h"

namespace segue::kernels {
namespace {

// Floats of a strip: two expanded rows stay in the first cache level.
constexpr int64_t kStrip = 3072;
// Rows of a block: each block expands its first two rows anew.
constexpr int64_t kRows = 16;

void check_shapes(const char* where, const View& x, const View& y) {
  check_dense(x, where, "x", DType::f32);
  check_dense(y, where, "y", DType::f32);
  require(x.shape.dims() == 4 && y.shape.dims() == 4 && x.shape[0] == y.shape[0] && x.shape[3] == y.shape[3] &&
              x.shape[1] * x.shape[2] > 0 && y.shape[1] * y.shape[2] > 0,
          where, "expects images (N,H,W,C) and (N,P,Q,C) of at least one pixel; got ", x.shape, " and ", y.shape);
}

std::vector<BilinearTap> taps(int64_t in, int64_t out, bool align_corners) {
  std::vector<BilinearTap> t;
  for (int64_t i = 0; i < out; ++i) t.push_back(bilinear_tap(i, in, out, align_corners));
  return t;
}

// A row of pixels in strips: whole pixels, or a part of the channels of one where they are very many.
struct Strips {
  int64_t channels, run, columns, per_row;

  Strips(int64_t columns_in_row, int64_t channels)
      : channels(channels),
        run(std::max<int64_t>(1, std::min(channels, kStrip))),
        columns(kStrip / run),
        per_row(block_count(columns_in_row, columns) * block_count(channels, run)) {}
};

// The part of a source row that a strip of the result needs, with its columns interpolated.
void expand(const float* row, const BilinearTap* taps, int64_t columns, int64_t channels, int64_t run, float* to) {
  for (int64_t q = 0; q < columns; ++q, to += run) {
    const float *low = row + taps[q].low * channels, *high = row + taps[q].high * channels;
    const float weight = taps[q].weight;
    for (int64_t c = 0; c < run; ++c) to[c] = low[c] + weight * (high[c] - low[c]);
  }
}

// Outputs that a source element goes into, and its share in each.
struct Shares {
  std::vector<BilinearTap> taps;
  std::vector<int64_t> first;  // outputs of element i: [first[i], end[i])
  std::vector<int64_t> end;

  Shares(int64_t in, int64_t out, bool align_corners)
      : taps(kernels::taps(in, out, align_corners)), first(size_t(in), out), end(size_t(in), 0) {
    // `low` never falls from one output to the next, so the outputs of an element are neighbours.
    for (int64_t o = 0; o < out; ++o)
      for (int64_t i : {taps[size_t(o)].low, taps[size_t(o)].high}) {
        first[size_t(i)] = std::min(first[size_t(i)], o);
        end[size_t(i)] = o + 1;
      }
  }
  float share(int64_t i, int64_t o) const {
    const BilinearTap& t = taps[size_t(o)];
    if (t.low == t.high) return 1;
    return t.low == i ? 1 - t.weight : t.high == i ? t.weight : 0;
  }
};

}  // namespace

void resize_bilinear(const CpuExec&, const View& x, const View& y, bool align_corners) {
  check_shapes("resize_bilinear", x, y);
  const int64_t h = x.shape[1], w = x.shape[2], channels = x.shape[3], height = y.shape[1], width = y.shape[2];
  const std::vector<BilinearTap> row_taps = taps(h, height, align_corners), column_taps = taps(w, width, align_corners);
  const Strips strips(width, channels);
  const int64_t row_blocks = block_count(height, kRows), runs = block_count(channels, strips.run);
  const float* in = x.as<float>();
  float* o = y.as<float>();
  parallel_for(x.shape[0] * row_blocks * strips.per_row, 1, [&](int64_t item, int64_t) {
    const int64_t strip = item % strips.per_row, lines = item / strips.per_row, image = lines / row_blocks;
    const int64_t c = strip % runs * strips.run, run = std::min(strips.run, channels - c);
    const int64_t q = strip / runs * strips.columns, columns = std::min(strips.columns, width - q);
    const int64_t first = lines % row_blocks * kRows, last = std::min(height, first + kRows), n = columns * run;
    alignas(64) float expanded[2][kStrip];
    int64_t held[2] = {-1, -1};
    // Slot of source row r, expanded if it is not there; the slot of row `keep` stays.
    const auto slot_of = [&](int64_t r, int64_t keep) {
      for (int s = 0; s < 2; ++s)
        if (held[s] == r) return s;
      const int s = held[0] == keep ? 1 : 0;
      held[s] = r;
      expand(in + (image * h + r) * w * channels + c, &column_taps[size_t(q)], columns, channels, run, expanded[s]);
      return s;
    };
    for (int64_t p = first; p < last; ++p) {
      const BilinearTap& t = row_taps[size_t(p)];
      const float *low = expanded[slot_of(t.low, t.high)], *high = expanded[slot_of(t.high, t.low)];
      float* to = o + ((image * height + p) * width + q) * channels + c;
      const float weight = t.weight;
      for (int64_t i = 0; i < n; ++i) to[i] = low[i] + weight * (high[i] - low[i]);
    }
  });
}

void resize_bilinear_grad(const CpuExec& exec, const View& dy, const View& dx, bool align_corners, bool accumulate) {
  check_shapes("resize_bilinear_grad", dx, dy);
  const int64_t h = dx.shape[1], w = dx.shape[2], channels = dx.shape[3], height = dy.shape[1], width = dy.shape[2];
  const Shares rows(h, height, align_corners), columns(w, width, align_corners);
  const int64_t line = width * channels, grain = block_count(h * dx.shape[0], 16);
  const float* g = dy.as<float>();
  float* o = dx.as<float>();
  // A row of dx before its columns are gathered, for each block.
  const int64_t blocks = block_count(dx.shape[0] * h, grain);
  auto* memory = static_cast<float*>(exec.scratch->get(size_t(blocks * line) * sizeof(float)));
  parallel_blocks(dx.shape[0] * h, grain, [&](int64_t block, int64_t begin, int64_t end) {
    float* gathered = memory + block * line;
    for (int64_t row = begin; row < end; ++row) {
      const int64_t r = row % h, from = rows.first[size_t(r)], to = rows.end[size_t(r)];
      const float* source = g + row / h * height * line;
      for (int64_t i = 0; i < line; i += kStrip) {
        const int64_t n = std::min(kStrip, line - i);
        float* sum = gathered + i;
        std::fill_n(sum, n, 0.f);
        for (int64_t p = from; p < to; ++p) {
          const float share = rows.share(r, p);
          const float* d = source + p * line + i;
          for (int64_t k = 0; k < n; ++k) sum[k] += share * d[k];
        }
      }
      for (int64_t q = 0; q < w; ++q) {
        float* out = o + (row * w + q) * channels;
        if (!accumulate) std::fill_n(out, channels, 0.f);
        for (int64_t k = columns.first[size_t(q)]; k < columns.end[size_t(q)]; ++k) {
          const float share = columns.share(q, k);
          const float* d = gathered + k * channels;
          for (int64_t c = 0; c < channels; ++c) out[c] += share * d[c];
        }
      }
    }
  });
}

}  // namespace segue::kernels
