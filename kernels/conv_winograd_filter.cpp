#include <algorithm>

#include "conv_winograd.h"
#include "winograd_tile.h"

namespace segue::kernels::conv::SEGUE_CONV_ISA {
namespace {

constexpr int64_t kSuper = 256;  // tiles per round
constexpr int64_t kGroup = 48;   // filters per group: 8 tiles of 6, whole vectors
constexpr int64_t kSkew = 48;    // floats between the points, so that they do not meet in one set of a cache

struct Sizes {
  int64_t tiles, groups, panels, gradient_point, image_point;
  Sizes(const WinogradFilter& f, int64_t all_tiles)
      : tiles(std::min(kSuper, all_tiles)),
        groups(ceil_div(f.k, kGroup)),
        panels(ceil_div(f.c, kTileCols)),
        gradient_point(tiles * kGroup + kSkew),
        image_point(tiles * kTileCols + kSkew) {}
  int64_t gradient_floats() const { return groups * kPoints * gradient_point; }
  int64_t image_floats() const { return panels * kPoints * image_point; }
  static constexpr int64_t kProduct = kGroup * kTileCols + kSkew;
};

class Round {
 public:
  Round(const WinogradFilter& f, const Sizes& sizes, float* gradient, float* image)
      : f_(f),
        z_(sizes),
        rows_(winograd_origins(f.p, f.dilation)),
        cols_(winograd_origins(f.q, f.dilation)),
        gradient_(gradient),
        image_(image) {}

  /// Transforms dy and x at tile `first` + i: [group][point][tile][48] and [panel][point][tile][column].
  void transform(int64_t first, int64_t i) const {
    const Place t = place(first + i);
    for (int64_t k = 0; k < f_.k; k += kLanes) {
      Vec d[2][2], points[4][4];
      for (int u = 0; u < 2; ++u)
        for (int v = 0; v < 2; ++v) {
          const int64_t p = t.p + u * f_.dilation, q = t.q + v * f_.dilation;
          d[u][v] =
              p < f_.p && q < f_.q ? load_lanes(f_.dy + ((t.n * f_.p + p) * f_.q + q) * f_.k + k, f_.k - k) : Vec{};
        }
      both_ways(d, points, GradientLine());
      float* out = gradient_ + k / kGroup * kPoints * z_.gradient_point + i * kGroup + k % kGroup;
      for (int u = 0; u < 4; ++u)
        for (int v = 0; v < 4; ++v) store(out + (u * 4 + v) * z_.gradient_point, points[u][v]);
    }
    const float* at[4][4];
    for (int u = 0; u < 4; ++u)
      for (int v = 0; v < 4; ++v) {
        const int64_t h = t.p - f_.pad + u * f_.dilation, w = t.q - f_.pad + v * f_.dilation;
        const bool inside = h >= 0 && h < f_.h && w >= 0 && w < f_.w;
        at[u][v] = inside ? f_.x + ((t.n * f_.h + h) * f_.w + w) * f_.c : nullptr;
      }
    for (int64_t panel = 0; panel < z_.panels; ++panel) {
      const int64_t c = panel * kTileCols, cols = std::min(kTileCols, f_.c - c);
      const int64_t width = vectors_for(cols) * kLanes;
      float* out = image_ + panel * kPoints * z_.image_point + i * width;
      for (int64_t j = 0; j < cols; j += kLanes) {
        Vec d[4][4], points[4][4];
        for (int u = 0; u < 4; ++u)
          for (int v = 0; v < 4; ++v) d[u][v] = at[u][v] ? load_lanes(at[u][v] + c + j, cols - j) : Vec{};
        both_ways(d, points, ImageLine());
        for (int u = 0; u < 4; ++u)
          for (int v = 0; v < 4; ++v) store(out + (u * 4 + v) * z_.image_point + j, points[u][v]);
      }
    }
  }

  /// Adds what the round's `count` tiles give to a panel of channels of a group of filters.
  void multiply(int64_t panel, int64_t group, int64_t count, float* products, Write write) const {
    const int64_t c = panel * kTileCols, cols = std::min(kTileCols, f_.c - c);
    const int64_t filters = std::min(kGroup, f_.k - group * kGroup);
    with_vectors(vectors_for(cols), [&](auto vectors) {
      constexpr int kVectors = vectors();
      for (int64_t point = 0; point < kPoints; ++point)
        for (int64_t k = 0; k < filters; k += kTileRows) {
          Vec acc[kTileRows][kVectors];
          clear(acc);
          const float* a = gradient_ + (group * kPoints + point) * z_.gradient_point;
          const float* b = image_ + (panel * kPoints + point) * z_.image_point;
          // Every tile asks for its share of the next point.
          const int64_t share = k / kTileRows * 8 * count;
          const Ahead ahead =
              point + 1 < kPoints ? Ahead{a + z_.gradient_point + share, b + z_.image_point + share} : Ahead{};
          tile_packed(a + k, kGroup, b, count, acc, ahead);
          float* out = products + point * Sizes::kProduct + k * kTileCols;
          for (int64_t m = 0; m < kTileRows; ++m)
            write_row(out + m * kTileCols, acc[m], kVectors * kLanes, Write::store);
        }
    });
    for (int64_t k = 0; k < filters; ++k) write_taps(products + k * kTileCols, group * kGroup + k, c, cols, write);
  }

 private:
  struct Place {
    int64_t n, p, q;
  };
  Place place(int64_t tile) const {
    const int64_t width = int64_t(cols_.size()), height = int64_t(rows_.size());
    return {tile / width / height, rows_[size_t(tile / width % height)], cols_[size_t(tile % width)]};
  }

  void write_taps(const float* products, int64_t k, int64_t c, int64_t cols, Write write) const {
    for (int64_t j = 0; j < cols; j += kLanes) {
      Vec m[4][4], taps[3][3];
      for (int u = 0; u < 4; ++u)
        for (int v = 0; v < 4; ++v) m[u][v] = load(products + (u * 4 + v) * Sizes::kProduct + j);
      both_ways(m, taps, TapLine());
      for (int r = 0; r < 3; ++r)
        for (int s = 0; s < 3; ++s)
          store_lanes(f_.dw + (k * 9 + r * 3 + s) * f_.c + c + j, taps[r][s], cols - j, write);
    }
  }

  const WinogradFilter& f_;
  const Sizes& z_;
  const std::vector<int32_t> rows_, cols_;
  float *gradient_, *image_;
};

int64_t tiles_of(const WinogradFilter& f) {
  return f.n * int64_t(winograd_origins(f.p, f.dilation).size() * winograd_origins(f.q, f.dilation).size());
}

constexpr int64_t kThreadFloats = Carver::rounded(kPoints * Sizes::kProduct);

}  // namespace

int64_t WinogradFilter::scratch_floats(int threads) const {
  const Sizes z(*this, tiles_of(*this));
  return Carver::rounded(z.gradient_floats()) + Carver::rounded(z.image_floats()) + threads * kThreadFloats;
}

void WinogradFilter::run(float* scratch, int threads) const {
  const int64_t all = tiles_of(*this);
  const Sizes z(*this, all);
  Carver carver(scratch);
  float* gradient = carver.take(z.gradient_floats());
  float* image = carver.take(z.image_floats());
  float* products = carver.take(threads * kThreadFloats);
  const Round round(*this, z, gradient, image);
  for (int64_t first = 0; first < all; first += kSuper) {
    const int64_t count = std::min(kSuper, all - first);
    const Write write = first == 0 && !accumulate ? Write::store : Write::add;
    constexpr int64_t kStep = 8;
    run_tasks(ceil_div(count, kStep), threads, [&](int64_t task, int) {
      for (int64_t i = task * kStep; i < std::min(count, (task + 1) * kStep); ++i) round.transform(first, i);
    });
    run_tasks(z.panels * z.groups, threads, [&](int64_t task, int thread) {
      round.multiply(task / z.groups, task % z.groups, count, products + thread * kThreadFloats, write);
    });
  }
}

}  // namespace segue::kernels::conv::SEGUE_CONV_ISA
