#include "conv_winograd.h"

#include <algorithm>

#include "winograd_tile.h"

namespace segue::kernels::conv::SEGUE_CONV_ISA {
namespace {

// Groups of 6 tiles per task: what one point multiplies stays in the second cache level, and every filter that comes
// from the last one is used for that many tiles.
constexpr int64_t kTaskGroups = kLanes == 16 ? 11 : 4;
constexpr int64_t kChunk = 32;  // channels whose filters are transformed at a time
constexpr int64_t kSkew = 48;   // floats between the points, so that they do not meet in one set of a cache

struct Sizes {
  int64_t groups, tasks, row, block, panels, filter, points, task_groups;
  Sizes(const WinogradProduct& g, int threads)
      : groups(ceil_div(g.tiles(), kTileRows)),
        tasks(even_pieces(groups, kTaskGroups, threads)),
        row(Carver::rounded(g.in_c)),
        block(kTileRows * row + 16),  // one point of six tiles
        panels(ceil_div(g.out_c, kTileCols)),
        filter(g.in_c * kTileCols),  // one point of a panel
        points(0),
        task_groups(ceil_div(groups, tasks)) {
    points = task_groups * kTileRows * kTileCols + kSkew;  // one point of the products of a panel
  }
  int64_t filter_floats() const { return panels * kPoints * filter; }
  int64_t image_floats() const { return task_groups * kPoints * block; }
  int64_t thread_floats() const {
    return Carver::rounded(image_floats()) + Carver::rounded(std::max(kPoints * points, 9 * kChunk * kTileCols));
  }
};

class Run {
 public:
  Run(const WinogradProduct& g, const Sizes& sizes, const float* zeros, float* filters)
      : g_(g),
        z_(sizes),
        rows_(winograd_origins(g.out_h, g.dilation)),
        cols_(winograd_origins(g.out_w, g.dilation)),
        zeros_(zeros),
        filters_(filters) {}

  /// Transforms a panel's filters for kChunk channels from l.
  void transform_filters(int64_t panel, int64_t l, float* taps) const {
    const int64_t j = panel * kTileCols, cols = std::min(kTileCols, g_.out_c - j);
    const int64_t width = vectors_for(cols) * kLanes, len = std::min(kChunk, g_.in_c - l);
    for (int64_t t = 0; t < 9; ++t) {
      float* to = taps + t * kChunk * kTileCols;
      if (g_.turned)
        pack_rows(to, width, g_.w + (l * 9 + 8 - t) * g_.out_c + j, 9 * g_.out_c, len, cols);
      else
        pack_transposed(to, width, g_.w + (j * 9 + t) * g_.in_c + l, 9 * g_.in_c, len, cols);
    }
    float* out = filters_ + panel * kPoints * z_.filter + l * width;
    for (int64_t i = 0; i < len * width; i += kLanes) {
      Vec g[3][3], points[4][4];
      for (int r = 0; r < 3; ++r)
        for (int s = 0; s < 3; ++s) g[r][s] = load(taps + (r * 3 + s) * kChunk * kTileCols + i);
      both_ways(g, points, FilterLine());
      for (int u = 0; u < 4; ++u)
        for (int v = 0; v < 4; ++v) store(out + (u * 4 + v) * z_.filter + i, points[u][v]);
    }
  }

  /// The results of tiles [begin, end), whole groups but for the last.
  void tiles(int64_t begin, int64_t end, float* room) const {
    float* image = room;
    float* products = room + Carver::rounded(z_.image_floats());
    for (int64_t i = begin; i < end; ++i) transform_image(image, i - begin, place(i));
    for (int64_t panel = 0; panel < z_.panels; ++panel) {
      const int64_t j = panel * kTileCols, cols = std::min(kTileCols, g_.out_c - j);
      with_vectors(vectors_for(cols), [&](auto vectors) {
        multiply<vectors()>(image, panel, end - begin, products);
        write_results<vectors()>(products, j, cols, begin, end);
      });
    }
  }

 private:
  struct Place {
    int64_t n, p, q;
  };
  Place place(int64_t tile) const {
    const int64_t width = int64_t(cols_.size()), height = int64_t(rows_.size());
    return {tile / width / height, rows_[size_t(tile / width % height)], cols_[size_t(tile % width)]};
  }

  /// [group][point][tile of the group][channel]
  void transform_image(float* image, int64_t i, const Place& t) const {
    const float* at[4][4];
    for (int64_t u = 0; u < 4; ++u)
      for (int64_t v = 0; v < 4; ++v) {
        const int64_t h = t.p - g_.pad + u * g_.dilation, w = t.q - g_.pad + v * g_.dilation;
        const bool inside = h >= 0 && h < g_.in_h && w >= 0 && w < g_.in_w;
        at[u][v] = inside ? g_.a + ((t.n * g_.in_h + h) * g_.in_w + w) * g_.in_c : zeros_;
      }
    float* out = image + i / kTileRows * kPoints * z_.block + i % kTileRows * z_.row;
    for (int64_t c = 0; c < g_.in_c; c += kLanes) {
      Vec d[4][4], points[4][4];
      for (int u = 0; u < 4; ++u)
        for (int v = 0; v < 4; ++v) d[u][v] = load_lanes(at[u][v] + c, g_.in_c - c);
      both_ways(d, points, ImageLine());
      for (int u = 0; u < 4; ++u)
        for (int v = 0; v < 4; ++v) store(out + (u * 4 + v) * z_.block + c, points[u][v]);
    }
  }

  /// [point][tile][column]
  template <int Vectors>
  void multiply(const float* image, int64_t panel, int64_t count, float* products) const {
    for (int64_t point = 0; point < kPoints; ++point) {
      const float* filter = filters_ + (panel * kPoints + point) * z_.filter;
      const bool last = panel + 1 == z_.panels && point + 1 == kPoints;
      for (int64_t i = 0; i < count; i += kTileRows) {
        const float* a = image + (i / kTileRows * kPoints + point) * z_.block;
        Stretch stretch{}, ahead{};
        for (int64_t m = 0; m < kTileRows; ++m) {
          stretch.a[m] = a + (i + m < count ? m : 0) * z_.row;
          // Every group asks for its share of the next point's filters: a panel has as many channels as columns.
          ahead.a[m] = last || i + m >= Vectors * kLanes ? stretch.a[m] : filter + z_.filter + (i + m) * g_.in_c;
        }
        Vec acc[kTileRows][Vectors];
        clear(acc);
        tile_gather(&stretch, &ahead, 1, g_.in_c, filter, acc);
        float* out = products + point * z_.points + i * Vectors * kLanes;
        for (int64_t m = 0; m < kTileRows; ++m)
          write_row(out + m * Vectors * kLanes, acc[m], Vectors * kLanes, Write::store);
      }
    }
  }

  template <int Vectors>
  void write_results(const float* products, int64_t j, int64_t cols, int64_t begin, int64_t end) const {
    const Write write = g_.accumulate ? Write::add : Write::store;
    for (int64_t i = begin; i < end; ++i, products += Vectors * kLanes) {
      const Place t = place(i);
      for (int64_t c = 0; c < cols; c += kLanes) {
        const Vec bias = g_.bias ? load_lanes(g_.bias + j + c, cols - c) : Vec{};
        Vec m[4][4], y[2][2];
        for (int u = 0; u < 4; ++u)
          for (int v = 0; v < 4; ++v) m[u][v] = load(products + (u * 4 + v) * z_.points + c);
        both_ways(m, y, ResultLine());
        for (int u = 0; u < 2; ++u)
          for (int v = 0; v < 2; ++v) {
            const int64_t p = t.p + u * g_.dilation, q = t.q + v * g_.dilation;
            if (p >= g_.out_h || q >= g_.out_w) continue;
            store_lanes(g_.y + ((t.n * g_.out_h + p) * g_.out_w + q) * g_.out_c + j + c, y[u][v] + bias, cols - c,
                        write);
          }
      }
    }
  }

  const WinogradProduct& g_;
  const Sizes& z_;
  const std::vector<int32_t> rows_, cols_;
  const float* zeros_;
  float* filters_;
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
  const Sizes z(*this, threads);
  return Carver::rounded(in_c) + Carver::rounded(z.filter_floats()) + threads * Carver::rounded(z.thread_floats());
}

void WinogradProduct::run(float* scratch, int threads) const {
  const Sizes z(*this, threads);
  Carver carver(scratch);
  float* zeros = carver.take(in_c);
  std::fill(zeros, zeros + in_c, 0.f);
  float* filters = carver.take(z.filter_floats());
  float* room = carver.take(threads * Carver::rounded(z.thread_floats()));
  const auto room_of = [&](int thread) { return room + thread * Carver::rounded(z.thread_floats()); };
  const Run work(*this, z, zeros, filters);
  const int64_t chunks = ceil_div(in_c, kChunk);
  run_tasks(z.panels * chunks, threads, [&](int64_t task, int thread) {
    work.transform_filters(task / chunks, task % chunks * kChunk, room_of(thread));
  });
  run_tasks(z.tasks, threads, [&](int64_t task, int thread) {
    work.tiles(z.groups * task / z.tasks * kTileRows, std::min(tiles(), z.groups * (task + 1) / z.tasks * kTileRows),
               room_of(thread));
  });
}

}  // namespace segue::kernels::conv::SEGUE_CONV_ISA
