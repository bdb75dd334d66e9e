#include "conv_narrow.h"

#include <algorithm>

#include "conv_tile.h"

namespace segue::kernels::conv::SEGUE_CONV_ISA {
namespace {

constexpr int64_t kBandRows = 64;    // result rows of a task: those that neighbours share are made twice
constexpr int64_t kStripCols = 192;  // result columns of a task: its products stay in the second cache level

/// The inputs [begin, end) that the positions [first, last) of an axis read.
struct Range {
  int64_t begin, end;
  Range(const AxisMap& map, int64_t first, int64_t last) : begin(INT32_MAX), end(0) {
    for (int64_t i = first * map.taps; i < last * map.taps; ++i) {
      if (map.in[size_t(i)] < 0) continue;
      begin = std::min<int64_t>(begin, map.in[size_t(i)]);
      end = std::max<int64_t>(end, map.in[size_t(i)] + 1);
    }
    begin = std::min(begin, end);
  }
  int64_t count() const { return end - begin; }
};

struct Sizes {
  int64_t taps, outputs, bands, strips, pitch = 0, slots = 1;
  Sizes(const NarrowProduct& g, int threads)
      : taps(g.rows.taps * g.cols.taps),
        outputs(taps * g.out_c),
        bands(even_pieces(g.rows.out, kBandRows, ceil_div(threads, g.n))),
        strips(ceil_div(g.cols.out, kStripCols)) {
    for (int64_t i = 0; i < strips; ++i)
      pitch = std::max(pitch, Range(g.cols, g.cols.out * i / strips, g.cols.out * (i + 1) / strips).count());
    pitch = round_up(pitch, kLanes) + kLanes;
    if (pitch / kLanes % 2 == 0) pitch += kLanes;  // rows of products must not meet in one set of a cache
    for (int64_t p = 0; p < g.rows.out; ++p) slots = std::max(slots, Range(g.rows, p, p + 1).count());
  }
  int64_t filter_floats(const NarrowProduct& g) const { return g.w_by_len ? outputs * g.in_c : 0; }
  int64_t slot_floats() const { return outputs * pitch; }
  int64_t products_floats() const { return slots * slot_floats(); }
};

class Task {
 public:
  Task(const NarrowProduct& g, const Sizes& sizes, const float* filters, float* panel, float* products)
      : g_(g), z_(sizes), filters_(filters), panel_(panel), products_(products) {}

  void run(int64_t image, int64_t p_begin, int64_t p_end, int64_t q_begin, int64_t q_end) const {
    const Range cols(g_.cols, q_begin, q_end);
    int64_t made = Range(g_.rows, p_begin, p_end).begin;  // input rows below it have had their turn
    for (int64_t p = p_begin; p < p_end; ++p) {
      for (const int64_t end = Range(g_.rows, p, p + 1).end; made < end; ++made) multiply(image, made, cols);
      with_vectors<NarrowProduct::kMostChannels>(g_.out_c, [&](auto channels) {
        for (int64_t q = q_begin; q < q_end; q += kLanes)
          gather<channels()>(image, p, q, std::min(kLanes, q_end - q), cols.begin);
      });
    }
  }

 private:
  float* slot(int64_t h) const { return products_ + h % z_.slots * z_.slot_floats(); }

  /// [tap and channel][pixel] for a row of the image.
  void multiply(int64_t image, int64_t h, const Range& cols) const {
    for (int64_t c = cols.begin; c < cols.end; c += kTileCols) {
      const int64_t pixels = std::min(kTileCols, cols.end - c);
      pack_transposed(panel_, vectors_for(pixels) * kLanes, g_.a + ((image * g_.in_h + h) * g_.in_w + c) * g_.in_c,
                      g_.in_c, g_.in_c, pixels);
      float* const out = slot(h) + c - cols.begin;
      with_vectors(vectors_for(pixels), [&](auto vectors) {
        for (int64_t i = 0; i < z_.outputs; i += kTileRows) {
          Stretch stretch{};
          for (int64_t m = 0; m < kTileRows; ++m) stretch.a[m] = filters_ + std::min(i + m, z_.outputs - 1) * g_.in_c;
          Vec acc[kTileRows][vectors()];
          clear(acc);
          tile_gather(&stretch, &stretch, 1, g_.in_c, panel_, acc);
          for (int64_t m = 0; m < kTileRows; ++m)
            if (i + m < z_.outputs) write_row(out + (i + m) * z_.pitch, acc[m], vectors() * kLanes, Write::store);
        }
      });
    }
  }

  /// `lanes` results from (p, q).
  template <int Channels>
  void gather(int64_t image, int64_t p, int64_t q, int64_t lanes, int64_t first_col) const {
    Vec sum[Channels];
    for (int j = 0; j < Channels; ++j) sum[j] = splat(g_.bias ? g_.bias[j] : 0.f);
    const int64_t step = g_.cols.taps;
    for (int64_t s = 0; s < step; ++s) {
      const int32_t* col = &g_.cols.in[size_t(q * step + s)];
      bool side_by_side = true;
      for (int64_t i = 0; i < lanes; ++i) side_by_side = side_by_side && col[0] >= 0 && col[i * step] == col[0] + i;
      for (int64_t r = 0; r < g_.rows.taps; ++r) {
        const int64_t h = g_.rows.in[size_t(p * g_.rows.taps + r)];
        if (h < 0) continue;
        for (int j = 0; j < Channels; ++j) {
          const float* z = slot(h) + output(r * step + s, j) * z_.pitch;
          sum[j] += side_by_side ? load(z + col[0] - first_col) : scattered(z, col, lanes, first_col);
        }
      }
    }
    float* out = g_.y + ((image * g_.rows.out + p) * g_.cols.out + q) * Channels;
    for (int64_t i = 0; i < lanes; ++i)
      for (int j = 0; j < Channels; ++j, ++out) *out = (g_.accumulate ? *out : 0.f) + sum[j][i];
  }

  /// What one tap of `lanes` results reads where that is not side by side: at borders, under strides.
  Vec scattered(const float* z, const int32_t* col, int64_t lanes, int64_t first_col) const {
    float t[kLanes] = {};
    for (int64_t i = 0; i < lanes; ++i)
      if (const int32_t c = col[i * g_.cols.taps]; c >= 0) t[i] = z[c - first_col];
    return load(t);
  }

  int64_t output(int64_t tap, int64_t j) const { return g_.w_by_len ? tap * g_.out_c + j : j * z_.taps + tap; }

  const NarrowProduct& g_;
  const Sizes& z_;
  const float* filters_;
  float *panel_, *products_;
};

}  // namespace

int64_t NarrowProduct::scratch_floats(int threads) const {
  const Sizes z(*this, threads);
  return Carver::rounded(z.filter_floats(*this)) +
         threads * (Carver::rounded(in_c * kTileCols) + Carver::rounded(z.products_floats()));
}

void NarrowProduct::run(float* scratch, int threads) const {
  const Sizes z(*this, threads);
  Carver carver(scratch);
  float* turned = carver.take(z.filter_floats(*this));
  if (w_by_len) pack_transposed(turned, in_c, w, z.outputs, z.outputs, in_c);
  const int64_t panel_floats = Carver::rounded(in_c * kTileCols), product_floats = Carver::rounded(z.products_floats());
  float* panels = carver.take(threads * panel_floats);
  float* products = carver.take(threads * product_floats);
  run_tasks(n * z.bands * z.strips, threads, [&](int64_t task, int thread) {
    const int64_t strip = task % z.strips, band = task / z.strips % z.bands, image = task / z.strips / z.bands;
    const Task work(*this, z, w_by_len ? turned : w, panels + thread * panel_floats,
                    products + thread * product_floats);
    work.run(image, rows.out * band / z.bands, rows.out * (band + 1) / z.bands, cols.out * strip / z.strips,
             cols.out * (strip + 1) / z.strips);
  });
}

}  // namespace segue::kernels::conv::SEGUE_CONV_ISA
