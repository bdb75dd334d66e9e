#include <algorithm>
#include <cstring>

#include "bilinear_tap.h"
#include "image_in.h"
#include "parallel.h"

namespace segue::kernels {
namespace {

/// A whole number of a plan, whatever it holds: NaN becomes the lower limit.
int64_t whole(float v, int64_t least, int64_t most) {
  return v >= float(least) ? (v <= float(most) ? int64_t(v) : most) : least;
}
constexpr int64_t kFarthest = 1 << 20;  // px; bilinear_tap is exact up to there

/// One axis of a window on an image of `extent` px.
struct Axis {
  int64_t start, window, extent;

  struct Tap {
    int64_t low, high, nearest;  // nearest < 0: outside
    float weight;
  };
  Tap tap(int64_t to, int64_t out) const {
    const BilinearTap t = bilinear_tap(to, window, out);
    const int64_t nearest = start + nearest_tap(to, window, out), last = extent - 1;
    return {std::clamp<int64_t>(start + t.low, 0, last), std::clamp<int64_t>(start + t.high, 0, last),
            nearest >= 0 && nearest <= last ? nearest : -1, t.weight};
  }
};

/// A column of the output: its taps in floats from the start of an RGB row.
struct Column {
  int32_t low, high, nearest;
  float weight;
};

struct Set {
  const uint8_t* images = nullptr;
  const uint8_t* labels = nullptr;
  const uint8_t* lut = nullptr;
  const ImagePlan* plans = nullptr;
  int64_t height = 0, width = 0;

  Set() = default;
  Set(const char* what, const ImageSet& s, int64_t n) {
    check_dense(s.images, "image_in", what, DType::u8);
    const Shape& shape = s.images.shape;
    require(shape.dims() == 4 && shape[0] == n && shape[1] >= 1 && shape[2] >= 1 && shape[3] == 3, "image_in",
            "expects images of ", what, " of shape (", n, ",Hs,Ws,3); got ", shape);
    height = shape[1], width = shape[2];
    require(height <= kFarthest && width <= kFarthest, "image_in", "expects images of at most ", kFarthest,
            " px a side; got ", shape);
    images = s.images.as<uint8_t>();
    check_view(s.plans, "image_in", "plans", DType::f32, {n, kImagePlanFloats});
    plans = reinterpret_cast<const ImagePlan*>(s.plans.as<float>());
    if (s.labels) {
      check_view(s.labels, "image_in", "labels", DType::u8, {n, height, width});
      labels = s.labels.as<uint8_t>();
    }
    if (s.lut) {
      check_view(s.lut, "image_in", "lut", DType::u8, {256});
      lut = s.lut.as<uint8_t>();
    }
  }

  Axis rows(int64_t n) const {
    return {whole(plans[n].top, -kFarthest, kFarthest), whole(plans[n].height, 1, kFarthest), height};
  }
  void columns(int64_t n, int64_t out, Column* c) const {
    const Axis axis{whole(plans[n].left, -kFarthest, kFarthest), whole(plans[n].width, 1, kFarthest), width};
    const bool flip = plans[n].flip != 0.f;
    for (int64_t x = 0; x < out; ++x) {
      const Axis::Tap t = axis.tap(flip ? out - 1 - x : x, out);
      c[x] = {int32_t(3 * t.low), int32_t(3 * t.high), int32_t(t.nearest), t.weight};
    }
  }
};

/// Output rows: where they go, and what all pixels share.
struct Output {
  float* x;
  uint8_t* labels;
  float* weights;
  int64_t height, width;
  float factor[3], offset[3];
  int ignore;

  /// Pixels [begin, end) of row y of sample n from `set`. `row`: 3 set.width + 3 width floats.
  void segment(const Set& set, const Column* columns, int64_t n, int64_t y, int64_t begin, int64_t end,
               float* row) const {
    if (begin >= end) return;
    const ImagePlan& plan = set.plans[n];
    const Axis::Tap t = set.rows(n).tap(y, height);
    const int64_t pixel = (n * height + y) * width;
    if (t.nearest < 0) return outside(pixel + begin, pixel + end);

    // Between two stored rows, as far as the segment reaches: columns rise, or fall under a flip.
    const Column &first = columns[begin], &last = columns[end - 1];
    const int64_t from = std::min(first.low, last.low), to = std::max(first.high, last.high) + 3;
    const uint8_t* low = set.images + (n * set.height + t.low) * set.width * 3;
    const uint8_t* high = set.images + (n * set.height + t.high) * set.width * 3;
    if (t.weight == 0.f)
      for (int64_t i = from; i < to; ++i) row[i] = float(low[i]);
    else
      for (int64_t i = from; i < to; ++i) row[i] = float(low[i]) + t.weight * float(high[i] - low[i]);

    float* r = row + 3 * set.width;
    float *g = r + width, *b = g + width;
    for (int64_t i = begin; i < end; ++i) {
      const float *p = row + columns[i].low, *q = row + columns[i].high, w = columns[i].weight;
      r[i] = p[0] + w * (q[0] - p[0]);
      g[i] = p[1] + w * (q[1] - p[1]);
      b[i] = p[2] + w * (q[2] - p[2]);
    }
    finish(plan.color, r + begin, g + begin, b + begin, end - begin, x + 3 * (pixel + begin));
    if (weights) std::fill(weights + pixel + begin, weights + pixel + end, plan.weight);
    if (labels && !set.labels) std::memset(labels + pixel + begin, ignore, size_t(end - begin));
    if (labels && set.labels) {
      const uint8_t* stored = set.labels + (n * set.height + t.nearest) * set.width;
      for (int64_t i = begin; i < end; ++i) {
        const int64_t at = std::max(columns[i].nearest, 0);  // outside() comes later
        labels[pixel + i] = set.lut ? set.lut[stored[at]] : stored[at];
      }
    }
    // Columns outside lie at the ends.
    int64_t a = begin, z = end;
    while (a < z && columns[a].nearest < 0) ++a;
    while (z > a && columns[z - 1].nearest < 0) --z;
    outside(pixel + begin, pixel + a);
    outside(pixel + z, pixel + end);
  }

 private:
  void outside(int64_t begin, int64_t end) const {
    if (begin >= end) return;
    std::memset(x + 3 * begin, 0, size_t(3 * (end - begin)) * sizeof(float));
    if (labels) std::memset(labels + begin, ignore, size_t(end - begin));
    if (weights) std::memset(weights + begin, 0, size_t(end - begin) * sizeof(float));
  }

  void finish(const float* m, const float* r, const float* g, const float* b, int64_t count, float* o) const {
    const float f0 = factor[0], f1 = factor[1], f2 = factor[2], o0 = offset[0], o1 = offset[1], o2 = offset[2];
    const float m0 = m[0], m1 = m[1], m2 = m[2], m3 = 255.f * m[3], m4 = m[4], m5 = m[5], m6 = m[6], m7 = 255.f * m[7],
                m8 = m[8], m9 = m[9], m10 = m[10], m11 = 255.f * m[11];
    const auto clamp = [](float v) {
      v = v < 0.f ? 0.f : v;
      return v > 255.f ? 255.f : v;
    };
    for (int64_t i = 0; i < count; ++i) {
      o[3 * i] = clamp(m0 * r[i] + m1 * g[i] + m2 * b[i] + m3) * f0 + o0;
      o[3 * i + 1] = clamp(m4 * r[i] + m5 * g[i] + m6 * b[i] + m7) * f1 + o1;
      o[3 * i + 2] = clamp(m8 * r[i] + m9 * g[i] + m10 * b[i] + m11) * f2 + o2;
    }
  }
};

}  // namespace

void image_in(const CpuExec& exec, const ImageSet& base, const ImageSet& paste, const View& x, const View& labels,
              const View& weights, const ImageInOptions& options) {
  check_dense(x, "image_in", "x", DType::f32);
  require(x.shape.dims() == 4 && x.shape[3] == 3, "image_in", "expects x (N,H,W,3); got ", x.shape);
  const int64_t images = x.shape[0], height = x.shape[1], width = x.shape[2];
  require(height <= kFarthest && width <= kFarthest, "image_in", "expects x of at most ", kFarthest, " px a side; got ",
          x.shape);
  if (labels) check_view(labels, "image_in", "labels", DType::u8, {images, height, width});
  if (weights) check_view(weights, "image_in", "weights", DType::f32, {images, height, width});
  require(options.ignore >= 0 && options.ignore <= 255, "image_in", "expects ignore in [0, 255]; got ", options.ignore);
  const Set under("base", base, images), over = paste ? Set("paste", paste, images) : Set();
  Output out{x.as<float>(),
             labels ? labels.as<uint8_t>() : nullptr,
             weights ? weights.as<float>() : nullptr,
             height,
             width,
             {},
             {},
             options.ignore};
  for (int c = 0; c < 3; ++c) {
    require(options.std[c] > 0.f, "image_in", "expects std > 0; got ", options.std[c]);
    out.factor[c] = float(1.0 / (255.0 * double(options.std[c])));
    out.offset[c] = float(-double(options.mean[c]) / double(options.std[c]));
  }
  if (x.count() == 0) return;

  // Column taps of every sample, then a row buffer for every block.
  const int64_t sets = paste ? 2 : 1, rows = images * height;
  const int64_t grain = block_count(rows, 64), blocks = block_count(rows, grain);
  const int64_t column_bytes = sets * images * width * int64_t(sizeof(Column));
  const int64_t row_floats = (3 * std::max(under.width, over.width) + 3 * width + 15) / 16 * 16;
  const int64_t begin_rows = (column_bytes + 63) / 64 * 64;
  auto* memory = static_cast<std::byte*>(exec.scratch->get(size_t(begin_rows + blocks * row_floats * 4)));
  auto* columns = reinterpret_cast<Column*>(memory);
  auto* buffers = reinterpret_cast<float*>(memory + begin_rows);
  parallel_for(sets * images, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) (i < images ? under : over).columns(i % images, width, columns + i * width);
  });

  parallel_blocks(rows, grain, [&](int64_t block, int64_t begin, int64_t end) {
    float* row = buffers + block * row_floats;
    for (int64_t at = begin; at < end; ++at) {
      const int64_t n = at / height, y = at % height;
      const Column *low = columns + n * width, *high = low + images * width;
      int64_t left = width, right = width;
      if (paste) {
        const ImagePlan& p = under.plans[n];
        const int64_t top = whole(p.box_top, -kFarthest, kFarthest), rows_in = whole(p.box_height, 0, kFarthest);
        const int64_t start = whole(p.box_left, -kFarthest, kFarthest), columns_in = whole(p.box_width, 0, kFarthest);
        if (y >= top && y < top + rows_in) {
          left = std::clamp<int64_t>(start, 0, width);
          right = std::clamp<int64_t>(start + columns_in, left, width);
        }
      }
      out.segment(under, low, n, y, 0, left, row);
      out.segment(over, high, n, y, left, right, row);
      out.segment(under, low, n, y, right, width, row);
    }
  });
}

}  // namespace segue::kernels
