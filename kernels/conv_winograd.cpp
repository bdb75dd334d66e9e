#include "conv_winograd.h"

#include <algorithm>

#include "winograd_tile.h"

namespace segue::kernels::conv {
namespace {

constexpr int64_t kSuper =
    252;                        // tiles per round, a multiple of 6: the transformed image stays in the last cache level
constexpr int64_t kChunk = 32;  // channels whose filters are transformed at a time
constexpr int64_t kSkew = 48;   // floats between the points, so that they do not meet in one set of a cache

/// Sizes of a round.
struct Sizes {
  int64_t tiles, rows, panels, block, points, filter;
  explicit Sizes(const WinogradProduct& g)
      : tiles(std::min(kSuper, g.tiles())),
        rows(round_up(tiles, kTileRows)),
        panels(ceil_div(g.out_c, kTileCols)),
        block(kTileRows * Carver::rounded(g.in_c) + 16),  // one point of six tiles
        points(rows * kTileCols + kSkew),                 // one point of the products of a panel
        filter(g.in_c * kTileCols) {}
  int64_t image_floats() const { return rows / kTileRows * kPoints * block; }
  int64_t thread_floats() const {
    return Carver::rounded(kPoints * filter) + Carver::rounded(kPoints * points) + 9 * kChunk * kTileCols;
  }
};

class Round {
 public:
  Round(const WinogradProduct& g, const Sizes& sizes, const std::vector<int32_t>& rows,
        const std::vector<int32_t>& cols, const float* zeros, float* image)
      : g_(g), z_(sizes), rows_(rows), cols_(cols), zeros_(zeros), image_(image) {}

  /// Transforms the images under tiles [first + begin, first + end).
  void transform_image(int64_t first, int64_t begin, int64_t end) const {
    for (int64_t i = begin; i < end; ++i) {
      const float* at[4][4];
      const Place t = place(first + i);
      for (int64_t u = 0; u < 4; ++u)
        for (int64_t v = 0; v < 4; ++v) {
          const int64_t h = t.p - g_.pad + u * g_.dilation, w = t.q - g_.pad + v * g_.dilation;
          const bool inside = h >= 0 && h < g_.in_h && w >= 0 && w < g_.in_w;
          at[u][v] = inside ? g_.a + ((t.n * g_.in_h + h) * g_.in_w + w) * g_.in_c : zeros_;
        }
      float* out = image_ + i / kTileRows * kPoints * z_.block + i % kTileRows * Carver::rounded(g_.in_c);
      for (int64_t c = 0; c < g_.in_c; c += 8) {
        v8 d[4][4], points[4][4];
        for (int u = 0; u < 4; ++u)
          for (int v = 0; v < 4; ++v) d[u][v] = load_lanes(at[u][v] + c, g_.in_c - c);
        both_ways(d, points, ImageLine());
        for (int u = 0; u < 4; ++u)
          for (int v = 0; v < 4; ++v) store8(out + (u * 4 + v) * z_.block + c, points[u][v]);
      }
    }
  }

  /// The results of 16 output channels at `count` tiles from `first`.
  void panel(int64_t panel, int64_t first, int64_t count, float* room) const {
    const int64_t j = panel * kTileCols, lanes = std::min(kTileCols, g_.out_c - j);
    float* filter = room;
    float* products = filter + Carver::rounded(kPoints * z_.filter);
    transform_filter(filter, products + Carver::rounded(kPoints * z_.points), j, lanes);
    for (int64_t point = 0; point < kPoints; ++point)
      for (int64_t i = 0; i < count; i += kTileRows) {
        const float* a = image_ + (i / kTileRows * kPoints + point) * z_.block;
        Stretch stretch{};
        for (int64_t m = 0; m < kTileRows; ++m) stretch.a[m] = a + (i + m < count ? m : 0) * Carver::rounded(g_.in_c);
        v8 acc[kTileRows][2] = {};
        tile_gather<2>(&stretch, 1, g_.in_c, filter + point * z_.filter, acc);
        float* out = products + point * z_.points + i * kTileCols;
        for (int64_t m = 0; m < kTileRows; ++m)
          store8(out + m * kTileCols, acc[m][0]), store8(out + m * kTileCols + 8, acc[m][1]);
      }
    write_results(products, j, lanes, first, count);
  }

 private:
  struct Place {
    int64_t n, p, q;
  };
  Place place(int64_t tile) const {
    const int64_t width = int64_t(cols_.size()), height = int64_t(rows_.size());
    return {tile / width / height, rows_[size_t(tile / width % height)], cols_[size_t(tile % width)]};
  }

  void transform_filter(float* out, float* taps, int64_t j, int64_t lanes) const {
    for (int64_t l = 0; l < g_.in_c; l += kChunk) {
      const int64_t len = std::min(kChunk, g_.in_c - l);
      for (int64_t t = 0; t < 9; ++t) {
        float* to = taps + t * kChunk * kTileCols;
        if (g_.turned)
          pack_rows(to, g_.w + (l * 9 + 8 - t) * g_.out_c + j, 9 * g_.out_c, len, lanes);
        else
          pack_transposed(to, g_.w + (j * 9 + t) * g_.in_c + l, 9 * g_.in_c, len, lanes);
      }
      for (int64_t i = 0; i < 2 * len; ++i) {
        v8 g[3][3], points[4][4];
        for (int r = 0; r < 3; ++r)
          for (int s = 0; s < 3; ++s) g[r][s] = load8(taps + (r * 3 + s) * kChunk * kTileCols + i * 8);
        both_ways(g, points, FilterLine());
        for (int u = 0; u < 4; ++u)
          for (int v = 0; v < 4; ++v) store8(out + (u * 4 + v) * z_.filter + l * kTileCols + i * 8, points[u][v]);
      }
    }
  }

  void write_results(const float* products, int64_t j, int64_t lanes, int64_t first, int64_t count) const {
    const Write write = g_.accumulate ? Write::add : Write::store;
    for (int64_t c = 0; c < lanes; c += 8) {
      const v8 bias = g_.bias ? load_lanes(g_.bias + j + c, lanes - c) : v8{};
      for (int64_t i = 0; i < count; ++i) {
        v8 m[4][4], y[2][2];
        for (int u = 0; u < 4; ++u)
          for (int v = 0; v < 4; ++v) m[u][v] = load8(products + (u * 4 + v) * z_.points + i * kTileCols + c);
        both_ways(m, y, ResultLine());
        const Place t = place(first + i);
        for (int u = 0; u < 2; ++u)
          for (int v = 0; v < 2; ++v) {
            const int64_t p = t.p + u * g_.dilation, q = t.q + v * g_.dilation;
            if (p >= g_.out_h || q >= g_.out_w) continue;
            store_lanes(g_.y + ((t.n * g_.out_h + p) * g_.out_w + q) * g_.out_c + j + c, y[u][v] + bias, lanes - c,
                        write);
          }
      }
    }
  }

  const WinogradProduct& g_;
  const Sizes& z_;
  const std::vector<int32_t>&rows_, &cols_;
  const float* zeros_;
  float* image_;
};

}  // namespace

std::vector<int32_t> winograd_origins(int64_t out, int64_t dilation) {
  std::vector<int32_t> origins;
  for (int64_t phase = 0; phase < std::min(dilation, out); ++phase)
    for (int64_t o = phase; o < out; o += 2 * dilation) origins.push_back(int32_t(o));
  return origins;
}

int64_t WinogradProduct::tiles() const {
  return n * int64_t(winograd_origins(out_h, dilation).size() * winograd_origins(out_w, dilation).size());
}

int64_t WinogradProduct::scratch_floats(int threads) const {
  const Sizes z(*this);
  return Carver::rounded(in_c) + Carver::rounded(z.image_floats()) + threads * Carver::rounded(z.thread_floats());
}

void WinogradProduct::run(float* scratch, int threads) const {
  const Sizes z(*this);
  const auto rows = winograd_origins(out_h, dilation), cols = winograd_origins(out_w, dilation);
  Carver carver(scratch);
  float* zeros = carver.take(in_c);
  std::fill(zeros, zeros + in_c, 0.f);
  float* image = carver.take(z.image_floats());
  float* room = carver.take(threads * Carver::rounded(z.thread_floats()));
  const Round round(*this, z, rows, cols, zeros, image);
  for (int64_t first = 0, all = tiles(); first < all; first += kSuper) {
    const int64_t count = std::min(kSuper, all - first);
    run_tasks(ceil_div(count, kTileRows), threads, [&](int64_t task, int) {
      round.transform_image(first, task * kTileRows, std::min(count, (task + 1) * kTileRows));
    });
    run_tasks(z.panels, threads, [&](int64_t panel, int thread) {
      round.panel(panel, first, count, room + thread * Carver::rounded(z.thread_floats()));
    });
  }
}

}  // namespace segue::kernels::conv
