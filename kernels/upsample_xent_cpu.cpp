#include "bilinear_tap.h"
#include "label_reader.h"
#include "parallel.h"
#include "softmax_xent.h"
#include "upsample_xent.h"
#include "xent_lanes.h"

namespace segue::kernels {
namespace {

/// Everything that is the same for all strips of one launch. Rows in working memory hold w pixels of `lanes` floats.
struct Plan {
  int64_t h, w, height, width;
  int classes, lanes;
  const float* logits;
  float* dlogits;  // or null
  // A strip is some low-resolution rows of one image and the label rows whose upper tap is among them.
  int64_t strip_rows, strips;

  struct Column {
    int32_t low, high;  // floats from the start of a row
    float weight;
  };
  Column* columns;
  double* partial;  // (images * strips)
  float* work;      // (images * strips) times kWorkRows rows

  static constexpr int kWorkRows = 6;
  int64_t row_floats() const { return w * lanes; }
  float* work_of(int64_t strip) const { return work + strip * kWorkRows * row_floats(); }
  /// First label row whose upper tap is low-resolution row r or a later one.
  int64_t first_label_row(int64_t r) const {
    if (r <= 0) return 0;
    if (r >= h) return height;
    const int64_t over = (2 * r + 1) * height - h;  // y >= over / (2h): see bilinear_tap
    return over <= 0 ? 0 : std::min(height, (over + 2 * h - 1) / (2 * h));
  }
};

/// Where a strip's gradient gathers: two accumulators that roll down the low-resolution rows, row r in acc[r % 2].
class RollingGradient {
 public:
  RollingGradient(const Plan& plan, int64_t first, float* even, float* odd)
      : plan_(plan), row_(first), acc_{even, odd} {
    std::fill_n(even, plan.row_floats(), 0.f);
    std::fill_n(odd, plan.row_floats(), 0.f);
  }
  float* of(int64_t row) const { return acc_[row % 2]; }
  /// Writes all rows before `row` to dlogits and makes room for `row` and the next.
  void advance(int64_t row, float* image) {
    for (; row_ < row; ++row_) {
      float* a = of(row_);
      float* d = image + row_ * plan_.w * plan_.classes;
      for (int64_t j = 0; j < plan_.w; ++j)
        for (int c = 0; c < plan_.classes; ++c) d[j * plan_.classes + c] = a[j * plan_.lanes + c];
      std::fill_n(a, plan_.row_floats(), 0.f);
    }
  }

 private:
  const Plan& plan_;
  int64_t row_;
  float* acc_[2];
};

/// Adds the gradients of the pixels in a tile to their taps in `g` and empties it. g may be null.
template <int L>
void finish(const Plan& plan, XentTile<L>& tile, float* g) {
  constexpr Index8 kIota = {0, 1, 2, 3, 4, 5, 6, 7};
  const int n = (L ? L : plan.lanes) / 8;
  tile.softmax();
  int p = 0;
  while (g && p < tile.count) {
    // Neighbours share their taps: their sum stays in registers.
    const Plan::Column taps = plan.columns[tile.where[p]];
    Lanes8 to_low[(L ? L : kMaxLanes) / 8], to_high[(L ? L : kMaxLanes) / 8];
    for (int i = 0; i < n; ++i) to_low[i] = to_high[i] = Lanes8{};
    do {
      const auto* z = reinterpret_cast<const Lanes8*>(tile.of(p));
      const float factor = tile.factor[p], t = plan.columns[tile.where[p]].weight, rest = 1.f - t;
      const Lanes8 weight = Lanes8{} + tile.weight[p];
      const Index8 label = kIota - tile.label[p];  // 0 in the lane of the label
      for (int i = 0; i < n; ++i) {
        const Lanes8 d = factor * z[i] - (label == -8 * i ? weight : Lanes8{});
        to_low[i] += rest * d;
        to_high[i] += t * d;
      }
    } while (++p < tile.count && plan.columns[tile.where[p]].low == taps.low);
    // One after the other: at the edge both taps are the same pixel.
    auto *low = reinterpret_cast<Lanes8*>(g + taps.low), *high = reinterpret_cast<Lanes8*>(g + taps.high);
    for (int i = 0; i < n; ++i) low[i] += to_low[i];
    for (int i = 0; i < n; ++i) high[i] += to_high[i];
  }
  tile.count = 0;
}

/// One label row: `v` holds the logits interpolated to it in height, `g` gathers their gradient.
template <int L>
void xent_row(const Plan& plan, const float* v, float* g, int64_t first_pixel, LabelReader& read, XentTile<L>& tile) {
  const int n = L ? L : plan.lanes;
  for (int64_t x = 0, width = plan.width; x < width; ++x) {
    const PixelTarget target = read(first_pixel + x);
    if (target.weight == 0.f) continue;
    const Plan::Column column = plan.columns[x];
    const float *a = v + column.low, *b = v + column.high, t = column.weight;
    float* z = tile.take(x, target);
    for (int i = 0; i < n; ++i) z[i] = a[i] + t * (b[i] - a[i]);
    if (tile.full()) finish(plan, tile, g);
  }
  finish(plan, tile, g);
}

/// A strip of one image: its loss, its rows of dlogits, and as the first work row what it adds to the row below it.
template <int L>
void xent_strip(const Plan& plan, int64_t strip, LabelReader& read) {
  const int64_t image = strip / plan.strips, first = strip % plan.strips * plan.strip_rows;
  const int64_t last = std::min(plan.h, first + plan.strip_rows), n = plan.row_floats();
  const float* logits = plan.logits + image * plan.h * plan.w * plan.classes;
  float* dlogits = plan.dlogits ? plan.dlogits + image * plan.h * plan.w * plan.classes : nullptr;
  float* rows = plan.work_of(strip);
  float *v = rows, *g = dlogits ? rows + n : nullptr, *padded[2] = {rows + 2 * n, rows + 3 * n};
  int64_t held[2] = {-1, -1};
  const auto load = [&](int64_t r) {
    float* p = padded[r % 2];
    if (held[r % 2] == r) return p;
    held[r % 2] = r;
    for (int64_t j = 0; j < plan.w; ++j)
      load_lanes<L>(logits + (r * plan.w + j) * plan.classes, plan.classes, plan.lanes, p + j * plan.lanes);
    return p;
  };
  RollingGradient gradient(plan, first, rows + 4 * n, rows + 5 * n);
  XentTile<L> tile(plan.lanes);
  for (int64_t y = plan.first_label_row(first), end = plan.first_label_row(last); y < end; ++y) {
    const BilinearTap tap = bilinear_tap(y, plan.h, plan.height);
    const float *a = load(tap.low), *b = load(tap.high), t = tap.weight;
    for (int64_t i = 0; i < n; ++i) v[i] = a[i] + t * (b[i] - a[i]);
    if (g) std::fill_n(g, n, 0.f);
    xent_row<L>(plan, v, g, (image * plan.height + y) * plan.width, read, tile);
    if (!g) continue;
    gradient.advance(tap.low, dlogits);
    float *low = gradient.of(tap.low), *high = gradient.of(tap.high);
    for (int64_t i = 0; i < n; ++i) low[i] += (1.f - t) * g[i];
    for (int64_t i = 0; i < n; ++i) high[i] += t * g[i];
  }
  if (g) {
    gradient.advance(last, dlogits);
    std::copy_n(gradient.of(last), n, v);
  }
  plan.partial[strip] = tile.loss;
}

/// Adds what the strip above left for the first row of a strip.
void add_carry(const Plan& plan, int64_t strip) {
  const int64_t image = strip / plan.strips, row = strip % plan.strips * plan.strip_rows;
  if (row == 0) return;
  const float* carry = plan.work_of(strip - 1);
  float* d = plan.dlogits + (image * plan.h + row) * plan.w * plan.classes;
  for (int64_t j = 0; j < plan.w; ++j)
    for (int c = 0; c < plan.classes; ++c) d[j * plan.classes + c] += carry[j * plan.lanes + c];
}

}  // namespace

void upsample_xent(const CpuExec& exec, const View& logits, const View& labels, const View& weights,
                   const View& class_weights, const View& inv_norm, const View& loss, const View& dlogits,
                   const View& status, const LabelOptions& options) {
  check_dense(logits, "upsample_xent", "logits", DType::f32);
  require(logits.shape.dims() == 4 && labels.shape.dims() == 3 && labels.shape[0] == logits.shape[0] &&
              logits.count() > 0 && labels.count() > 0,
          "upsample_xent", "expects logits (N,h,w,C) and labels (N,H,W), none empty; got ", logits.shape, " and ",
          labels.shape);
  const int64_t images = labels.shape[0], classes = logits.channels();
  check_label_views("upsample_xent", labels, weights, class_weights, inv_norm, status, labels.shape, classes);
  check_view(loss, "upsample_xent", "loss", DType::f32, {});
  if (dlogits) check_view(dlogits, "upsample_xent", "dlogits", DType::f32, logits.shape);

  Plan plan{};
  plan.h = logits.shape[1], plan.w = logits.shape[2], plan.height = labels.shape[1], plan.width = labels.shape[2];
  if (plan.h == plan.height && plan.w == plan.width)
    return softmax_xent(exec, logits, labels, weights, class_weights, inv_norm, loss, dlogits, status, options);
  plan.classes = int(classes), plan.lanes = lanes_of(classes);
  plan.logits = logits.as<float>();
  plan.dlogits = dlogits ? dlogits.as<float>() : nullptr;
  plan.strip_rows = std::max<int64_t>(4, (plan.h + 15) / 16);
  plan.strips = block_count(plan.h, plan.strip_rows);
  const int64_t strips = images * plan.strips;

  const auto aligned = [](int64_t bytes) { return (bytes + 63) / 64 * 64; };
  const int64_t partial_bytes = aligned(strips * int64_t(sizeof(double)));
  const int64_t column_bytes = aligned(plan.width * int64_t(sizeof(Plan::Column)));
  const int64_t work_bytes = strips * Plan::kWorkRows * plan.row_floats() * int64_t(sizeof(float));
  auto* memory = static_cast<std::byte*>(exec.scratch->get(size_t(partial_bytes + column_bytes + work_bytes)));
  plan.partial = reinterpret_cast<double*>(memory);
  plan.columns = reinterpret_cast<Plan::Column*>(memory + partial_bytes);
  plan.work = reinterpret_cast<float*>(memory + partial_bytes + column_bytes);
  for (int64_t x = 0; x < plan.width; ++x) {
    const BilinearTap tap = bilinear_tap(x, plan.w, plan.width);
    plan.columns[x] = {int32_t(tap.low * plan.lanes), int32_t(tap.high * plan.lanes), tap.weight};
  }

  with_lanes(plan.lanes, [&](auto constant) {
    parallel_blocks(strips, 1, [&](int64_t strip, int64_t, int64_t) {
      LabelReader read(labels, weights, class_weights, classes, options.ignore);
      xent_strip<constant()>(plan, strip, read);
      if (read.bad()) set_status(status, kStatusBadLabel);
    });
  });
  if (plan.dlogits) parallel_for(strips, 1, [&](int64_t strip, int64_t) { add_carry(plan, strip); });
  double sum = 0;
  for (int64_t s = 0; s < strips; ++s) sum += plan.partial[s];
  *loss.as<float>() = float(sum * double(*inv_norm.as<float>()));
}

}  // namespace segue::kernels
