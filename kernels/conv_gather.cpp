#include "conv_gather.h"

#include <algorithm>

#include "conv_tile.h"

namespace segue::kernels::conv {
namespace {

constexpr int64_t kBlockTiles = 8;           // 48 pixels: their stretch of A stays in the second cache level
constexpr int64_t kSumFloats = 576;          // terms per pass over C: 9 taps of 64 channels
constexpr int64_t kChunkFloats = 96 * 1024;  // packed B of a task
constexpr int64_t kChunkPixels = 1536;       // pixels of a task

/// Positions of one axis, those with the same live taps side by side.
struct Classes {
  std::vector<int32_t> order;
  std::vector<int32_t> begin;  // of each class in `order`, and the end

  explicit Classes(const AxisMap& map) {
    std::vector<std::vector<int32_t>> members;
    for (int64_t o = 0; o < map.out; ++o) {
      auto same = [&](const std::vector<int32_t>& m) {
        for (int64_t t = 0; t < map.taps; ++t)
          if ((map.in[size_t(o * map.taps + t)] < 0) != (map.in[size_t(m[0] * map.taps + t)] < 0)) return false;
        return true;
      };
      auto it = std::find_if(members.begin(), members.end(), same);
      if (it == members.end()) it = members.insert(it, std::vector<int32_t>());
      it->push_back(int32_t(o));
    }
    for (const auto& m : members) {
      begin.push_back(int32_t(order.size()));
      order.insert(order.end(), m.begin(), m.end());
    }
    begin.push_back(int32_t(order.size()));
  }
  int64_t count() const { return int64_t(begin.size()) - 1; }
  int64_t size(int64_t i) const { return begin[size_t(i + 1)] - begin[size_t(i)]; }
};

struct Pixel {
  int64_t n, p, q;
};

/// Visits the output pixels class by class.
class Walk {
 public:
  Walk(const Classes& rows, const Classes& cols, int64_t n, int64_t start) : rows_(rows), cols_(cols), n_(n) {
    for (;;) {
      const int64_t group = n * rows.size(rc_) * cols.size(cc_);
      if (start < group) break;
      start -= group;
      next_group();
      if (rc_ == rows.count()) return;
    }
    j_ = start % cols.size(cc_);
    i_ = start / cols.size(cc_) % rows.size(rc_);
    image_ = start / cols.size(cc_) / rows.size(rc_);
  }
  Pixel next() {
    const Pixel pixel{image_, rows_.order[size_t(rows_.begin[size_t(rc_)] + i_)],
                      cols_.order[size_t(cols_.begin[size_t(cc_)] + j_)]};
    if (++j_ == cols_.size(cc_)) {
      j_ = 0;
      if (++i_ == rows_.size(rc_)) {
        i_ = 0;
        if (++image_ == n_) image_ = 0, next_group();
      }
    }
    return pixel;
  }

 private:
  void next_group() {
    if (++cc_ == cols_.count()) cc_ = 0, ++rc_;
  }
  const Classes &rows_, &cols_;
  int64_t n_, rc_ = 0, cc_ = 0, image_ = 0, i_ = 0, j_ = 0;
};

/// How the sum is cut into passes over C, and the work into tasks.
struct Cut {
  int64_t len_step, tap_step, panels, panel_pieces, pixel_pieces, most_panels;

  Cut(const GatherProduct& g, int threads) {
    const int64_t taps = std::max<int64_t>(g.taps(), 1);
    len_step = std::max<int64_t>(64, kSumFloats / taps / 16 * 16);
    len_step = round_up(ceil_div(g.len, ceil_div(g.len, len_step)), 8);
    len_step = std::min(len_step, g.len);
    tap_step = std::max<int64_t>(1, std::min(taps, kSumFloats / std::max<int64_t>(len_step, 1)));
    panels = ceil_div(g.out_c, kTileCols);
    pixel_pieces = ceil_div(g.out_pixels(), kChunkPixels);
    const int64_t limit = std::max<int64_t>(1, kChunkFloats / (len_step * tap_step * kTileCols));
    panel_pieces = even_pieces(panels, limit, pixel_pieces >= 4 * threads ? 1 : threads);
    if (pixel_pieces > 1 || panel_pieces == 1) pixel_pieces = round_up(pixel_pieces, threads);
    most_panels = ceil_div(panels, panel_pieces);
  }
  int64_t packed_floats() const { return most_panels * kTileCols * len_step * tap_step; }
  int64_t stretch_floats() const { return kBlockTiles * tap_step * int64_t(sizeof(Stretch) / sizeof(float)); }
};

class Task {
 public:
  Task(const GatherProduct& g, const Cut& cut, const Classes& rows, const Classes& cols, const float* zeros,
       float* packed, Stretch* stretches)
      : g_(g), cut_(cut), rows_(rows), cols_(cols), zeros_(zeros), packed_(packed), stretches_(stretches) {}

  void run(int64_t pixel_begin, int64_t pixel_end, int64_t panel_begin, int64_t panel_end) {
    const int64_t taps = g_.taps();
    bool first = true;
    for (int64_t l = 0; l < g_.len; l += cut_.len_step) {
      const int64_t len = std::min(cut_.len_step, g_.len - l);
      for (int64_t t = 0; t < taps; t += cut_.tap_step, first = false) {
        const int64_t tap_end = std::min(taps, t + cut_.tap_step);
        pack(l, len, t, tap_end, panel_begin, panel_end);
        Walk walk(rows_, cols_, g_.n, pixel_begin);
        for (int64_t m = pixel_begin; m < pixel_end; m += kBlockTiles * kTileRows) {
          const int64_t pixels = std::min(kBlockTiles * kTileRows, pixel_end - m);
          aim(walk, pixels, l, len, t, tap_end);
          multiply(pixels, len, (tap_end - t) * len, panel_begin, panel_end, first);
        }
      }
    }
  }

 private:
  void pack(int64_t l, int64_t len, int64_t tap_begin, int64_t tap_end, int64_t panel_begin, int64_t panel_end) {
    float* out = packed_;
    for (int64_t panel = panel_begin; panel < panel_end; ++panel)
      for (int64_t t = tap_begin; t < tap_end; ++t, out += len * kTileCols) {
        const int64_t j = panel * kTileCols, lanes = std::min(kTileCols, g_.out_c - j);
        if (g_.w_by_len)
          pack_rows(out, g_.w + l * g_.w_stride + t * g_.out_c + j, g_.w_stride, len, lanes);
        else
          pack_transposed(out, g_.w + j * g_.w_stride + t * g_.len + l, g_.w_stride, len, lanes);
      }
  }

  /// Pointers of the next `pixels` pixels: where each tile reads A under each tap it has, where each row writes.
  void aim(Walk& walk, int64_t pixels, int64_t l, int64_t len, int64_t tap_begin, int64_t tap_end) {
    Stretch* out = stretches_;
    for (int64_t m = 0, tile = 0; m < pixels; m += kTileRows, ++tile) {
      const int64_t valid = std::min(kTileRows, pixels - m);
      Pixel pixel[kTileRows];
      for (int64_t i = 0; i < valid; ++i) {
        pixel[i] = walk.next();
        write_[m + i] = g_.y + ((pixel[i].n * g_.rows.out + pixel[i].p) * g_.cols.out + pixel[i].q) * g_.out_c;
      }
      Stretch* const begin = out;
      for (int64_t t = tap_begin; t < tap_end; ++t) {
        const int64_t r = t / g_.cols.taps, s = t % g_.cols.taps;
        bool live = false;
        for (int64_t i = 0; i < kTileRows; ++i) {
          out->a[i] = zeros_;
          if (i >= valid) continue;
          const int64_t row = g_.rows.in[size_t(pixel[i].p * g_.rows.taps + r)];
          const int64_t col = g_.cols.in[size_t(pixel[i].q * g_.cols.taps + s)];
          if (row < 0 || col < 0) continue;
          out->a[i] = g_.a + ((pixel[i].n * g_.in_h + row) * g_.in_w + col) * g_.pitch + l;
          live = true;
        }
        out->b = (t - tap_begin) * len * kTileCols;
        out += live;
      }
      begin_[tile] = begin, count_[tile] = out - begin;
    }
  }

  template <int Vectors>
  void tile(int64_t i, int64_t valid, int64_t len, const float* b, int64_t j, int64_t lanes, bool first) {
    v8 acc[kTileRows][Vectors];
    v8 start[2] = {};
    if (first && g_.bias) {
      float bias[kTileCols] = {};
      for (int64_t k = 0; k < lanes; ++k) bias[k] = g_.bias[j + k];
      start[0] = load8(bias), start[1] = load8(bias + 8);
    }
    for (auto& row : acc)
      for (int v = 0; v < Vectors; ++v) row[v] = start[v];
    tile_gather<Vectors>(begin_[i], count_[i], len, b, acc);
    const Write write = first && !g_.accumulate ? Write::store : Write::add;
    for (int64_t m = 0; m < valid; ++m)
      write_row(write_[i * kTileRows + m] + j, acc[m][0], acc[m][Vectors - 1], lanes, write);
  }

  void multiply(int64_t pixels, int64_t len, int64_t panel_rows, int64_t panel_begin, int64_t panel_end, bool first) {
    for (int64_t panel = panel_begin; panel < panel_end; ++panel) {
      const int64_t j = panel * kTileCols, lanes = std::min(kTileCols, g_.out_c - j);
      const float* b = packed_ + (panel - panel_begin) * panel_rows * kTileCols;
      for (int64_t m = 0, i = 0; m < pixels; m += kTileRows, ++i) {
        const int64_t valid = std::min(kTileRows, pixels - m);
        if (count_[i] == 0 && !first) continue;
        if (lanes > 8)
          tile<2>(i, valid, len, b, j, lanes, first);
        else
          tile<1>(i, valid, len, b, j, lanes, first);
      }
    }
  }

  const GatherProduct& g_;
  const Cut& cut_;
  const Classes &rows_, &cols_;
  const float* zeros_;
  float* packed_;
  Stretch* stretches_;
  float* write_[kBlockTiles * kTileRows] = {};
  const Stretch* begin_[kBlockTiles] = {};
  int64_t count_[kBlockTiles] = {};
};

}  // namespace

AxisMap AxisMap::forward(int64_t out, int64_t in, int64_t taps, int64_t stride, int64_t pad, int64_t dilation) {
  AxisMap map{out, taps, std::vector<int32_t>(size_t(out * taps), -1)};
  for (int64_t o = 0; o < out; ++o)
    for (int64_t t = 0; t < taps; ++t) {
      const int64_t i = o * stride - pad + t * dilation;
      if (i >= 0 && i < in) map.in[size_t(o * taps + t)] = int32_t(i);
    }
  return map;
}

AxisMap AxisMap::backward(int64_t out, int64_t in, int64_t taps, int64_t stride, int64_t pad, int64_t dilation) {
  AxisMap map{out, taps, std::vector<int32_t>(size_t(out * taps), -1)};
  for (int64_t o = 0; o < out; ++o)
    for (int64_t t = 0; t < taps; ++t) {
      const int64_t at = o + pad - t * dilation;
      if (at >= 0 && at % stride == 0 && at / stride < in) map.in[size_t(o * taps + t)] = int32_t(at / stride);
    }
  return map;
}

int64_t GatherProduct::scratch_floats(int threads) const {
  const Cut cut(*this, threads);
  return Carver::rounded(len) +
         threads * (Carver::rounded(cut.packed_floats()) + Carver::rounded(cut.stretch_floats()));
}

void GatherProduct::run(float* scratch, int threads) const {
  const Cut cut(*this, threads);
  const Classes row_classes(rows), col_classes(cols);
  Carver carver(scratch);
  float* zeros = carver.take(len);
  std::fill(zeros, zeros + len, 0.f);
  float* packed = carver.take(threads * Carver::rounded(cut.packed_floats()));
  float* stretches = carver.take(threads * Carver::rounded(cut.stretch_floats()));
  // Whole tiles per piece, so that the cut does not change which pixels share one.
  const int64_t tiles = ceil_div(out_pixels(), kTileRows);
  run_tasks(cut.pixel_pieces * cut.panel_pieces, threads, [&](int64_t task, int thread) {
    const int64_t piece = task / cut.panel_pieces, part = task % cut.panel_pieces;
    Task work(*this, cut, row_classes, col_classes, zeros, packed + thread * Carver::rounded(cut.packed_floats()),
              reinterpret_cast<Stretch*>(stretches + thread * Carver::rounded(cut.stretch_floats())));
    work.run(tiles * piece / cut.pixel_pieces * kTileRows,
             std::min(out_pixels(), tiles * (piece + 1) / cut.pixel_pieces * kTileRows),
             cut.panels * part / cut.panel_pieces, cut.panels * (part + 1) / cut.panel_pieces);
  });
}

}  // namespace segue::kernels::conv
