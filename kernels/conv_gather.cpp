#include "conv_gather.h"

#include <algorithm>

#include "conv_tile.h"

namespace segue::kernels::conv::SEGUE_CONV_ISA {
namespace {

constexpr int64_t kBlockTiles = 8;   // 48 pixels: their stretch of A stays in the second cache level
constexpr int64_t kSumFloats = 576;  // terms per pass over C: 9 taps of 64 channels
constexpr int64_t kChunkFloats = 96 * 1024 * (kLanes / 8);  // packed B of a task
constexpr int64_t kChunkPixels = 1536;                      // pixels of a task

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

/// What an AxisMap says, in floats from the first row (or column); kDead for padding.
struct Offsets {
  static constexpr int64_t kDead = INT64_MIN / 4;  // the sum of two offsets is negative if one is dead
  std::vector<int64_t> at;                         // [out][taps]
  Offsets(const AxisMap& map, int64_t step) : at(map.in.size()) {
    for (size_t i = 0; i < at.size(); ++i) at[i] = map.in[i] < 0 ? kDead : map.in[i] * step;
  }
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
    i_ = start / cols.size(cc_) % rows.size(rc_);
    image_ = start / cols.size(cc_) / rows.size(rc_);
    enter_row(start % cols.size(cc_));
  }
  Pixel next() {
    const Pixel pixel{image_, row_, *col_};
    if (++col_ == col_end_) next_row();
    return pixel;
  }

 private:
  void enter_row(int64_t j) {
    row_ = rows_.order[size_t(rows_.begin[size_t(rc_)] + i_)];
    col_ = &cols_.order[size_t(cols_.begin[size_t(cc_)])];
    col_end_ = col_ + cols_.size(cc_);
    col_ += j;
  }
  void next_row() {
    if (++i_ == rows_.size(rc_)) {
      i_ = 0;
      if (++image_ == n_) image_ = 0, next_group();
      if (rc_ == rows_.count()) return;
    }
    enter_row(0);
  }
  void next_group() {
    if (++cc_ == cols_.count()) cc_ = 0, ++rc_;
  }
  const Classes &rows_, &cols_;
  int64_t n_, rc_ = 0, cc_ = 0, image_ = 0, i_ = 0, row_ = 0;
  const int32_t *col_ = nullptr, *col_end_ = nullptr;
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
    tap_step = ceil_div(taps, ceil_div(taps, tap_step));
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

/// What all tasks share.
struct Plan {
  const GatherProduct& g;
  Cut cut;
  Classes row_classes, col_classes;
  Offsets row_offsets, col_offsets;
  Plan(const GatherProduct& product, int threads)
      : g(product),
        cut(product, threads),
        row_classes(product.rows),
        col_classes(product.cols),
        row_offsets(product.rows, product.in_w * product.pitch),
        col_offsets(product.cols, product.pitch) {}
};

class Task {
 public:
  Task(const Plan& plan, const float* zeros, float* packed, Stretch* stretches)
      : plan_(plan), g_(plan.g), zeros_(zeros), packed_(packed), stretches_(stretches) {}

  void run(int64_t pixel_begin, int64_t pixel_end, int64_t panel_begin, int64_t panel_end) {
    const Cut& cut = plan_.cut;
    const int64_t taps = g_.taps();
    bool first = true;
    for (int64_t l = 0; l < g_.len; l += cut.len_step) {
      const int64_t len = std::min(cut.len_step, g_.len - l);
      for (int64_t t = 0; t < taps; t += cut.tap_step, first = false) {
        const int64_t tap_end = std::min(taps, t + cut.tap_step);
        pack(l, len, t, tap_end, panel_begin, panel_end);
        Walk walk(plan_.row_classes, plan_.col_classes, g_.n, pixel_begin);
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
    for (int64_t panel = panel_begin; panel < panel_end; ++panel) {
      const int64_t j = panel * kTileCols, cols = std::min(kTileCols, g_.out_c - j);
      const int64_t width = vectors_for(cols) * kLanes;
      for (int64_t t = tap_begin; t < tap_end; ++t, out += len * width) {
        if (g_.w_by_len)
          pack_rows(out, width, g_.w + l * g_.w_stride + t * g_.out_c + j, g_.w_stride, len, cols);
        else
          pack_transposed(out, width, g_.w + j * g_.w_stride + t * g_.len + l, g_.w_stride, len, cols);
      }
    }
  }

  /// Pointers of the next `pixels` pixels: where each tile reads A under each tap it has, where each row writes.
  void aim(Walk& walk, int64_t pixels, int64_t l, int64_t len, int64_t tap_begin, int64_t tap_end) {
    Stretch* out = stretches_;
    for (int64_t m = 0, tile = 0; m < pixels; m += kTileRows, ++tile) {
      const int64_t valid = std::min(kTileRows, pixels - m);
      const float* image[kTileRows];
      const int64_t *rows[kTileRows], *cols[kTileRows];
      for (int64_t i = 0; i < valid; ++i) {
        const Pixel at = walk.next();
        write_[m + i] = g_.y + ((at.n * g_.rows.out + at.p) * g_.cols.out + at.q) * g_.out_c;
        image[i] = g_.a + at.n * g_.in_h * g_.in_w * g_.pitch + l;
        rows[i] = &plan_.row_offsets.at[size_t(at.p * g_.rows.taps)];
        cols[i] = &plan_.col_offsets.at[size_t(at.q * g_.cols.taps)];
      }
      Stretch* const begin = out;
      for (int64_t t = tap_begin, r = t / g_.cols.taps, s = t % g_.cols.taps; t < tap_end; ++t) {
        bool live = false;
        for (int64_t i = 0; i < kTileRows; ++i) {
          const int64_t at = i < valid ? rows[i][r] + cols[i][s] : Offsets::kDead;
          out->a[i] = at < 0 ? zeros_ : image[i] + at;
          live = live || at >= 0;
        }
        out->b = (t - tap_begin) * len;
        out += live;
        if (++s == g_.cols.taps) s = 0, ++r;
      }
      begin_[tile] = begin, count_[tile] = out - begin;
    }
  }

  template <int Vectors>
  void tile(int64_t i, int64_t next, int64_t valid, int64_t len, const float* b, int64_t j, int64_t cols,
            bool first) const {
    Vec acc[kTileRows][Vectors], start[Vectors] = {};
    if (first && g_.bias)
      for (int v = 0; v < Vectors; ++v) start[v] = load_lanes(g_.bias + j + kLanes * v, cols - kLanes * v);
    for (int64_t m = 0; m < kTileRows; ++m)
      for (int v = 0; v < Vectors; ++v) acc[m][v] = start[v];
    for (int64_t m = 0; m < kTileRows; ++m)
      if (m < valid)
        for (int64_t v = 0; v < Vectors; ++v) __builtin_prefetch(write_[i * kTileRows + m] + j + v * 16, 1);
    tile_gather(begin_[i], begin_[next], count_[i], len, b, acc);
    const Write write = first && !g_.accumulate ? Write::store : Write::add;
    for (int64_t m = 0; m < kTileRows; ++m)
      if (m < valid) write_row(write_[i * kTileRows + m] + j, acc[m], cols, write);
  }

  void multiply(int64_t pixels, int64_t len, int64_t panel_rows, int64_t panel_begin, int64_t panel_end, bool first) {
    for (int64_t panel = panel_begin; panel < panel_end; ++panel) {
      const int64_t j = panel * kTileCols, cols = std::min(kTileCols, g_.out_c - j);
      const float* b = packed_ + (panel - panel_begin) * panel_rows * kTileCols;
      with_vectors(vectors_for(cols), [&](auto vectors) {
        for (int64_t m = 0, i = 0; m < pixels; m += kTileRows, ++i) {
          const int64_t valid = std::min(kTileRows, pixels - m);
          if (count_[i] == 0 && !first) continue;
          const int64_t next = m + kTileRows < pixels && count_[i + 1] == count_[i] ? i + 1 : i;
          tile<vectors()>(i, next, valid, len, b, j, cols, first);
        }
      });
    }
  }

  const Plan& plan_;
  const GatherProduct& g_;
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
  const Plan plan(*this, threads);
  const Cut& cut = plan.cut;
  Carver carver(scratch);
  float* zeros = carver.take(len);
  std::fill(zeros, zeros + len, 0.f);
  float* packed = carver.take(threads * Carver::rounded(cut.packed_floats()));
  float* stretches = carver.take(threads * Carver::rounded(cut.stretch_floats()));
  // Whole tiles per piece, so that the cut does not change which pixels share one.
  const int64_t tiles = ceil_div(out_pixels(), kTileRows);
  run_tasks(cut.pixel_pieces * cut.panel_pieces, threads, [&](int64_t task, int thread) {
    const int64_t piece = task / cut.panel_pieces, part = task % cut.panel_pieces;
    Task work(plan, zeros, packed + thread * Carver::rounded(cut.packed_floats()),
              reinterpret_cast<Stretch*>(stretches + thread * Carver::rounded(cut.stretch_floats())));
    work.run(tiles * piece / cut.pixel_pieces * kTileRows,
             std::min(out_pixels(), tiles * (piece + 1) / cut.pixel_pieces * kTileRows),
             cut.panels * part / cut.panel_pieces, cut.panels * (part + 1) / cut.panel_pieces);
  });
}

}  // namespace segue::kernels::conv::SEGUE_CONV_ISA
