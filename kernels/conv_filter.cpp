#include "conv_filter.h"

#include <algorithm>

#include "conv_tile.h"

namespace segue::kernels::conv {
namespace {

constexpr int64_t kBlock = 256;      // pixels per pass over dw: a packed panel of x is 16 KiB
constexpr int64_t kSuper = 16384;    // pixels of which dy is packed at a time
constexpr int64_t kChunkPanels = 4;  // panels of 16 columns that a task packs

/// Positions of one axis at which a tap is live (or all).
struct Live {
  std::vector<int32_t> out, in;
  Live(const AxisMap& map, int64_t tap, bool all) {
    for (int64_t o = 0; o < map.out; ++o) {
      const int32_t i = map.in[size_t(o * map.taps + tap)];
      if (!all && i < 0) continue;
      out.push_back(int32_t(o));
      in.push_back(i);
    }
  }
};

int64_t live_pairs(const AxisMap& map) {
  return std::count_if(map.in.begin(), map.in.end(), [](int32_t i) { return i >= 0; });
}

/// One by one if more than a quarter of the (pixel, tap) pairs are dead; else all taps share one packing of dy.
bool separate_taps(const FilterProduct& f) {
  const double all = double(f.rows.in.size()) * double(f.cols.in.size());
  return f.taps() > 1 && double(live_pairs(f.rows)) * double(live_pairs(f.cols)) < 0.75 * all;
}

struct Cut {
  int64_t k_panels, k_rows, super, chunks, k_parts;
  Cut(const FilterProduct& f, int threads) {
    k_panels = ceil_div(f.k, kTileRows);
    k_rows = k_panels * kTileRows;
    super = std::min(kSuper, round_up(f.n * f.rows.out * f.cols.out, kBlock));
    const int64_t panels = ceil_div(f.len, kTileCols);
    const int64_t taps = separate_taps(f) ? 1 : f.taps();
    int64_t most = kChunkPanels;
    while (most > 1 && taps * ceil_div(panels, most) < 4 * threads) --most;
    chunks = ceil_div(panels, most);
    k_parts = taps * chunks < 2 * threads ? std::min<int64_t>(threads, k_panels) : 1;
  }
};

class Run {
 public:
  Run(const FilterProduct& f, float* scratch, int threads)
      : f_(f), cut_(f, threads), threads_(threads), carver_(scratch) {
    dy_packed_ = carver_.take(cut_.super * cut_.k_rows);
    x_packed_ = carver_.take(threads * kBlock * kChunkPanels * kTileCols);
  }

  void all() {
    if (!separate_taps(f_)) {
      taps(0, f_.taps(), Live(f_.rows, 0, true), Live(f_.cols, 0, true));
      return;
    }
    for (int64_t t = 0; t < f_.taps(); ++t)
      taps(t, t + 1, Live(f_.rows, t / f_.cols.taps, false), Live(f_.cols, t % f_.cols.taps, false));
  }

 private:
  /// Taps [begin, end) over the pixels rows x cols of every image.
  void taps(int64_t begin, int64_t end, const Live& rows, const Live& cols) {
    const int64_t per_image = int64_t(rows.out.size() * cols.out.size()), pixels = f_.n * per_image;
    if (pixels == 0) return clear(begin);
    for (int64_t start = 0; start < pixels; start += cut_.super) {
      const int64_t stop = std::min(pixels, start + cut_.super);
      run_tasks(ceil_div(stop - start, kBlock), threads_, [&](int64_t block, int) {
        const int64_t m = start + block * kBlock;
        pack_dy(dy_packed_ + block * kBlock * cut_.k_rows, m, std::min(kBlock, stop - m), rows, cols);
      });
      run_tasks((end - begin) * cut_.chunks * cut_.k_parts, threads_, [&](int64_t task, int thread) {
        const int64_t part = task % cut_.k_parts, chunk = task / cut_.k_parts % cut_.chunks;
        const int64_t panels = ceil_div(f_.len, kTileCols);
        const int64_t c = panels * chunk / cut_.chunks * kTileCols;
        const int64_t c_end = std::min(f_.len, panels * (chunk + 1) / cut_.chunks * kTileCols);
        float* x = x_packed_ + thread * kBlock * kChunkPanels * kTileCols;
        const int64_t tap = begin + task / cut_.k_parts / cut_.chunks;
        for (int64_t m = start; m < stop; m += kBlock) {
          const int64_t count = std::min(kBlock, stop - m);
          pack_x(x, tap, m, count, c, c_end, rows, cols);
          multiply(dy_packed_ + (m - start) * cut_.k_rows, x, tap, count, c, c_end, cut_.k_panels * part / cut_.k_parts,
                   cut_.k_panels * (part + 1) / cut_.k_parts, m == 0 && !f_.accumulate ? Write::store : Write::add);
        }
      });
    }
  }

  /// A tap that never meets the image: its gradient is zero.
  void clear(int64_t tap) {
    if (f_.accumulate) return;
    for (int64_t k = 0; k < f_.k; ++k) {
      float* row = f_.dw + (k * f_.taps() + tap) * f_.len;
      std::fill(row, row + f_.len, 0.f);
    }
  }

  /// Calls f(i, n, index of the row, index of the column) for `count` pixels from number m.
  template <class F>
  static void visit(int64_t m, int64_t count, const Live& rows, const Live& cols, F&& f) {
    const int64_t width = int64_t(cols.out.size()), height = int64_t(rows.out.size());
    int64_t q = m % width, p = m / width % height, n = m / width / height;
    for (int64_t i = 0; i < count; ++i) {
      f(i, n, size_t(p), size_t(q));
      if (++q == width) {
        q = 0;
        if (++p == height) p = 0, ++n;
      }
    }
  }

  /// Panels of 6 channels: [panel][pixel][6].
  void pack_dy(float* out, int64_t m, int64_t count, const Live& rows, const Live& cols) const {
    const float* at[kBlock];
    visit(m, count, rows, cols, [&](int64_t i, int64_t n, size_t p, size_t q) {
      at[i] = f_.dy + ((n * f_.rows.out + rows.out[p]) * f_.cols.out + cols.out[q]) * f_.k;
    });
    for (int64_t k = 0; k < f_.k; k += kTileRows) {
      const int64_t lanes = std::min(kTileRows, f_.k - k);
      if (lanes == kTileRows) {
        for (int64_t i = 0; i < count; ++i, out += kTileRows)
          for (int64_t j = 0; j < kTileRows; ++j) out[j] = at[i][k + j];
      } else {
        for (int64_t i = 0; i < count; ++i, out += kTileRows)
          for (int64_t j = 0; j < kTileRows; ++j) out[j] = j < lanes ? at[i][k + j] : 0.f;
      }
    }
  }

  /// Panels of 16 columns: [panel][pixel][16], zero where the tap reads padding.
  void pack_x(float* out, int64_t tap, int64_t m, int64_t count, int64_t c, int64_t c_end, const Live& rows,
              const Live& cols) const {
    const int64_t r = tap / f_.cols.taps, s = tap % f_.cols.taps;
    const float* at[kBlock];
    visit(m, count, rows, cols, [&](int64_t i, int64_t n, size_t p, size_t q) {
      const int64_t row = f_.rows.in[size_t(rows.out[p] * f_.rows.taps + r)];
      const int64_t col = f_.cols.in[size_t(cols.out[q] * f_.cols.taps + s)];
      at[i] = row < 0 || col < 0 ? nullptr : f_.x + ((n * f_.in_h + row) * f_.in_w + col) * f_.pitch;
    });
    for (; c < c_end; c += kTileCols)
      for (int64_t half = 0; half < kTileCols; half += 8) pack_half(out, half, at, count, c, c_end);
  }

  /// Lanes half..half+7 of a panel; moves `out` on after the second.
  void pack_half(float*& out, int64_t half, const float* const* at, int64_t count, int64_t c, int64_t c_end) const {
    float* to = out + half;
    const int64_t first = c + half, lanes = std::clamp<int64_t>(c_end - first, 0, 8);
    const bool contiguous = lanes == 8 && (!f_.offset || f_.offset[first + 7] == f_.offset[first] + 7);
    if (contiguous) {
      const int64_t start = f_.offset ? f_.offset[first] : first;
      for (int64_t i = 0; i < count; ++i, to += kTileCols) store8(to, at[i] ? load8(at[i] + start) : v8{});
    } else {
      int64_t from[8];
      for (int64_t j = 0; j < lanes; ++j) from[j] = f_.offset ? f_.offset[first + j] : first + j;
      for (int64_t i = 0; i < count; ++i, to += kTileCols)
        for (int64_t j = 0; j < 8; ++j) to[j] = j < lanes && at[i] ? at[i][from[j]] : 0.f;
    }
    if (half) out += count * kTileCols;
  }

  void multiply(const float* dy, const float* x, int64_t tap, int64_t count, int64_t c, int64_t c_end, int64_t begin,
                int64_t end, Write write) const {
    for (; c < c_end; c += kTileCols, x += count * kTileCols)
      for (int64_t panel = begin; panel < end; ++panel) {
        v8 acc[kTileRows][2] = {};
        tile_packed(dy + panel * count * kTileRows, kTileRows, x, count, acc);
        const int64_t rows = std::min(kTileRows, f_.k - panel * kTileRows);
        for (int64_t m = 0; m < rows; ++m)
          write_row(f_.dw + ((panel * kTileRows + m) * f_.taps() + tap) * f_.len + c, acc[m][0], acc[m][1],
                    std::min(kTileCols, c_end - c), write);
      }
  }

  const FilterProduct& f_;
  Cut cut_;
  int threads_;
  Carver carver_;
  float *dy_packed_, *x_packed_;
};

}  // namespace

int64_t FilterProduct::scratch_floats(int threads) const {
  const Cut cut(*this, threads);
  return Carver::rounded(cut.super * cut.k_rows) + Carver::rounded(threads * kBlock * kChunkPanels * kTileCols);
}

void FilterProduct::run(float* scratch, int threads) const { Run(*this, scratch, threads).all(); }

}  // namespace segue::kernels::conv
