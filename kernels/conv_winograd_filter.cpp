#include <algorithm>

#include "conv_winograd.h"
#include "winograd_tile.h"

namespace segue::kernels::conv {
namespace {

constexpr int64_t kSuper = 256;  // tiles per round
constexpr int64_t kGroup = 48;   // filters per group: 8 tiles of 6, 6 vectors of 8
constexpr int64_t kSkew = 48;    // floats between the points, so that they do not meet in one set of a cache

struct Sizes {
  int64_t tiles, groups, gradient_point, image_point, panels, parts;
  Sizes(const WinogradFilter& f, int64_t all_tiles, int threads)
      : tiles(std::min(kSuper, all_tiles)),
        groups(ceil_div(f.k, kGroup)),
        gradient_point(tiles * kGroup + kSkew),
        image_point(tiles * kTileCols + kSkew),
        panels(ceil_div(f.c, kTileCols)),
        parts(panels < 4 * threads ? std::min<int64_t>(groups, threads) : 1) {}
  int64_t gradient_floats() const { return groups * kPoints * gradient_point; }
  static constexpr int64_t product_floats() { return kPoints * (kGroup * kTileCols + kSkew); }
  int64_t thread_floats() const { return Carver::rounded(kPoints * image_point) + Carver::rounded(product_floats()); }
};

class Round {
 public:
  Round(const WinogradFilter& f, const Sizes& sizes, const std::vector<int32_t>& rows, const std::vector<int32_t>& cols,
        float* gradient)
      : f_(f), z_(sizes), rows_(rows), cols_(cols), gradient_(gradient) {}

  /// Transforms dy at tiles [first + begin, first + end): [group][point][tile][48].
  void transform_gradient(int64_t first, int64_t begin, int64_t end) const {
    for (int64_t i = begin; i < end; ++i) {
      const Place t = place(first + i);
      for (int64_t k = 0; k < f_.k; k += 8) {
        v8 d[2][2], points[4][4];
        for (int u = 0; u < 2; ++u)
          for (int v = 0; v < 2; ++v) {
            const int64_t p = t.p + u * f_.dilation, q = t.q + v * f_.dilation;
            d[u][v] =
                p < f_.p && q < f_.q ? load_lanes(f_.dy + ((t.n * f_.p + p) * f_.q + q) * f_.k + k, f_.k - k) : v8{};
          }
        both_ways(d, points, GradientLine());
        float* out = gradient_ + k / kGroup * kPoints * z_.gradient_point + i * kGroup + k % kGroup;
        for (int u = 0; u < 4; ++u)
          for (int v = 0; v < 4; ++v) store8(out + (u * 4 + v) * z_.gradient_point, points[u][v]);
      }
    }
  }

  /// Adds what `count` tiles give to 16 channels of the filters of groups [begin, end).
  void panel(int64_t panel, int64_t begin, int64_t end, int64_t first, int64_t count, float* room, Write write) const {
    float* image = room;
    float* products = room + Carver::rounded(kPoints * z_.image_point);
    const int64_t c = panel * kTileCols, lanes = std::min(kTileCols, f_.c - c);
    transform_image(image, first, count, c, lanes);
    for (int64_t group = begin; group < end; ++group) {
      const int64_t filters = std::min(kGroup, f_.k - group * kGroup);
      for (int64_t point = 0; point < kPoints; ++point)
        for (int64_t k = 0; k < filters; k += kTileRows) {
          v8 acc[kTileRows][2] = {};
          tile_packed(gradient_ + (group * kPoints + point) * z_.gradient_point + k, kGroup,
                      image + point * z_.image_point, count, acc);
          float* out = products + point * (kGroup * kTileCols + kSkew) + k * kTileCols;
          for (int64_t m = 0; m < kTileRows; ++m)
            store8(out + m * kTileCols, acc[m][0]), store8(out + m * kTileCols + 8, acc[m][1]);
        }
      for (int64_t k = 0; k < filters; ++k) write_taps(products + k * kTileCols, group * kGroup + k, c, lanes, write);
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

  void transform_image(float* out, int64_t first, int64_t count, int64_t c, int64_t lanes) const {
    for (int64_t i = 0; i < count; ++i, out += kTileCols) {
      const Place t = place(first + i);
      for (int64_t half = 0; half < kTileCols; half += 8) {
        v8 d[4][4], points[4][4];
        for (int u = 0; u < 4; ++u)
          for (int v = 0; v < 4; ++v) {
            const int64_t h = t.p - f_.pad + u * f_.dilation, w = t.q - f_.pad + v * f_.dilation;
            const bool inside = h >= 0 && h < f_.h && w >= 0 && w < f_.w && half < lanes;
            d[u][v] = inside ? load_lanes(f_.x + ((t.n * f_.h + h) * f_.w + w) * f_.c + c + half, lanes - half) : v8{};
          }
        both_ways(d, points, ImageLine());
        for (int u = 0; u < 4; ++u)
          for (int v = 0; v < 4; ++v) store8(out + (u * 4 + v) * z_.image_point + half, points[u][v]);
      }
    }
  }

  void write_taps(const float* products, int64_t k, int64_t c, int64_t lanes, Write write) const {
    for (int64_t half = 0; half < lanes; half += 8) {
      v8 m[4][4], taps[3][3];
      for (int u = 0; u < 4; ++u)
        for (int v = 0; v < 4; ++v) m[u][v] = load8(products + (u * 4 + v) * (kGroup * kTileCols + kSkew) + half);
      both_ways(m, taps, TapLine());
      for (int r = 0; r < 3; ++r)
        for (int s = 0; s < 3; ++s)
          store_lanes(f_.dw + (k * 9 + r * 3 + s) * f_.c + c + half, taps[r][s], lanes - half, write);
    }
  }

  const WinogradFilter& f_;
  const Sizes& z_;
  const std::vector<int32_t>&rows_, &cols_;
  float* gradient_;
};

int64_t tiles_of(const WinogradFilter& f) {
  return f.n * int64_t(winograd_origins(f.p, f.dilation).size() * winograd_origins(f.q, f.dilation).size());
}

}  // namespace

int64_t WinogradFilter::scratch_floats(int threads) const {
  const Sizes z(*this, tiles_of(*this), threads);
  return Carver::rounded(z.gradient_floats()) + threads * Carver::rounded(z.thread_floats());
}

void WinogradFilter::run(float* scratch, int threads) const {
  const int64_t all = tiles_of(*this);
  const Sizes z(*this, all, threads);
  const auto rows = winograd_origins(p, dilation), cols = winograd_origins(q, dilation);
  Carver carver(scratch);
  float* gradient = carver.take(z.gradient_floats());
  float* room = carver.take(threads * Carver::rounded(z.thread_floats()));
  const Round round(*this, z, rows, cols, gradient);
  for (int64_t first = 0; first < all; first += kSuper) {
    const int64_t count = std::min(kSuper, all - first);
    const Write write = first == 0 && !accumulate ? Write::store : Write::add;
    constexpr int64_t kStep = 8;
    run_tasks(ceil_div(count, kStep), threads, [&](int64_t task, int) {
      round.transform_gradient(first, task * kStep, std::min(count, (task + 1) * kStep));
    });
    run_tasks(z.panels * z.parts, threads, [&](int64_t task, int thread) {
      const int64_t part = task % z.parts;
      round.panel(task / z.parts, z.groups * part / z.parts, z.groups * (part + 1) / z.parts, first, count,
                  room + thread * Carver::rounded(z.thread_floats()), write);
    });
  }
}

}  // namespace segue::kernels::conv
