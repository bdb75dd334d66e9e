#include "conv_filter.h"

#include <algorithm>

#include "conv_tile.h"

namespace segue::kernels::conv::SEGUE_CONV_ISA {
namespace {

constexpr int64_t kBlock = 32 * kLanes;       // pixels per pass over dw
constexpr int64_t kSuperFloats = 512 * 1024;  // of dy packed at a time: used again from the caches
constexpr int64_t kPackPixels = 32;           // that a task packs
constexpr int64_t kAhead = 8;        // pixels ahead that packing asks for: rows far apart look random to the hardware
constexpr int64_t kChunkPanels = 4;  // panels of x that a task packs
constexpr int64_t kGroupPanels = 8;  // panels of dy that pass together

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
    super = std::max(kBlock, kSuperFloats / k_rows / kBlock * kBlock);
    super = std::min(super, round_up(f.n * f.rows.out * f.cols.out, kBlock));
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
    if (pixels == 0) return clear_tap(begin);
    for (int64_t start = 0; start < pixels; start += cut_.super) {
      const int64_t stop = std::min(pixels, start + cut_.super);
      run_tasks(ceil_div(stop - start, kPackPixels), threads_, [&](int64_t task, int) {
        const int64_t m = task * kPackPixels, block = m / kBlock * kBlock;
        pack_dy(dy_packed_ + block * cut_.k_rows, m - block, std::min(kBlock, stop - start - block), start + m,
                std::min(kPackPixels, stop - start - m), rows, cols);
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
  void clear_tap(int64_t tap) {
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

  /// Panels of kTileRows channels of a block of `block_pixels`: [panel][pixel][channel]. Packs `count` pixels from
  /// number m, which is number `first` of the block.
  void pack_dy(float* block, int64_t first, int64_t block_pixels, int64_t m, int64_t count, const Live& rows,
               const Live& cols) const {
    const float* at[kPackPixels + kAhead] = {};
    visit(m, count, rows, cols, [&](int64_t i, int64_t n, size_t p, size_t q) {
      at[i] = f_.dy + ((n * f_.rows.out + rows.out[p]) * f_.cols.out + cols.out[q]) * f_.k;
    });
    std::fill(at + count, at + count + kAhead, at[count - 1]);
    const int64_t whole = std::max<int64_t>(0, f_.k - kLanes + 1);
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t k = 0; k < f_.k; k += 16) __builtin_prefetch(at[i + kAhead] + k);
      float* out = block + (first + i) * kTileRows;
      int64_t k = 0;
      for (; k < whole; k += kTileRows, out += block_pixels * kTileRows) store_rows(out, load(at[i] + k));
      for (; k < f_.k; k += kTileRows, out += block_pixels * kTileRows)
        store_rows(out, load_lanes(at[i] + k, std::min(kTileRows, f_.k - k)));
    }
  }

  /// Panels of the columns [c, c_end): [panel][pixel][column], zero where the tap reads padding.
  void pack_x(float* out, int64_t tap, int64_t m, int64_t count, int64_t c, int64_t c_end, const Live& rows,
              const Live& cols) const {
    const int64_t r = tap / f_.cols.taps, s = tap % f_.cols.taps;
    const float* at[kBlock + kAhead] = {};
    visit(m, count, rows, cols, [&](int64_t i, int64_t n, size_t p, size_t q) {
      const int64_t row = f_.rows.in[size_t(rows.out[p] * f_.rows.taps + r)];
      const int64_t col = f_.cols.in[size_t(cols.out[q] * f_.cols.taps + s)];
      at[i] = row < 0 || col < 0 ? nullptr : f_.x + ((n * f_.in_h + row) * f_.in_w + col) * f_.pitch;
    });
    for (; c < c_end; c += kTileCols) {
      const int64_t columns = std::min(kTileCols, c_end - c), width = vectors_for(columns) * kLanes;
      for (int64_t i = 0; i < count; ++i, out += width) {
        const float *pixel = at[i], *ahead = at[i + kAhead];
        if (!pixel) {
          std::fill(out, out + width, 0.f);
        } else if (f_.run_floats == f_.len) {
          for (int64_t j = 0; j < width; j += kLanes) {
            if (ahead) __builtin_prefetch(ahead + c + j);
            store(out + j, load_lanes(pixel + c + j, columns - j));
          }
        } else {
          pack_runs(out, pixel, c, columns, width);
        }
      }
    }
  }

  /// Columns [c, c + columns) of one pixel, run by run.
  void pack_runs(float* out, const float* pixel, int64_t c, int64_t columns, int64_t width) const {
    store(out + width - kLanes, Vec{});
    const float* run = pixel + c / f_.run_floats * f_.run_pitch;
    for (int64_t j = 0, start = c % f_.run_floats; j < columns; start = 0, run += f_.run_pitch) {
      const int64_t end = std::min(columns, j + f_.run_floats - start);
      for (const float* from = run + start; j < end; from += kLanes) {
        const int64_t lanes = std::min(kLanes, end - j);
        store_lanes(out + j, load_lanes(from, lanes), lanes);
        j += lanes;
      }
    }
  }

  /// A group of panels of dy stays in the second cache level while the chunk of x passes by.
  void multiply(const float* dy, const float* x, int64_t tap, int64_t count, int64_t c, int64_t c_end, int64_t begin,
                int64_t end, Write write) const {
    for (int64_t group = begin; group < end; group += kGroupPanels) {
      const float* panel_x = x;
      for (int64_t at = c; at < c_end; at += kTileCols) {
        const int64_t columns = std::min(kTileCols, c_end - at);
        with_vectors(vectors_for(columns), [&](auto vectors) {
          constexpr int kVectors = vectors();
          for (int64_t panel = group; panel < std::min(end, group + kGroupPanels); ++panel) {
            float* out = f_.dw + (panel * kTileRows * f_.taps() + tap) * f_.len + at;
            const int64_t step = f_.taps() * f_.len, filters = std::min(kTileRows, f_.k - panel * kTileRows);
            for (int64_t m = 0; m < filters; ++m)
              for (int64_t j = 0; j < columns; j += kLanes) __builtin_prefetch(out + m * step + j, 1);
            Vec acc[kTileRows][kVectors];
            clear(acc);
            tile_packed(dy + panel * count * kTileRows, kTileRows, panel_x, count, acc);
            for (int64_t m = 0; m < kTileRows; ++m)
              if (m < filters) write_row(out + m * step, acc[m], columns, write);
          }
          panel_x += count * kVectors * kLanes;
        });
      }
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

}  // namespace segue::kernels::conv::SEGUE_CONV_ISA
