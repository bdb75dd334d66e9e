#include "kl_div.h"
#include "parallel.h"
#include "xent_lanes.h"

namespace segue::kernels {
namespace {

constexpr int64_t kGrain = 1024;

struct Operands {
  const float *logits, *teacher, *weights;  // weights or null
  float* dlogits;                           // or null
  int classes;
};

/// Student and teacher of a few pixels.
template <int L>
struct KlTile {
  static constexpr int kPixels = SoftmaxTile<L>::kPixels;

  explicit KlTile(int lanes) : q(lanes), t(lanes) {}

  void take(const Operands& o, int64_t pixel) {
    const int p = q.count++, n = L ? L : q.lanes;
    t.count = q.count;
    where[p] = pixel;
    weight[p] = o.weights ? o.weights[pixel] : 1.f;
    load_lanes<L>(o.logits + pixel * o.classes, o.classes, n, q.of(p));
    load_lanes<L>(o.teacher + pixel * o.classes, o.classes, n, t.of(p));
    float* g = gap + p * n;
    for (int i = 0; i < n; ++i) g[i] = t.of(p)[i] - q.of(p)[i];
  }

  /// Adds the losses, writes the gradients, and empties the tile.
  void finish(const Operands& o) {
    const int n = L ? L : q.lanes;
    q.exponentials();
    t.exponentials();
    // log t - log q = gap + (max_q + log sum_q) - (max_t + log sum_t); the mean of gap under t is taken about the gap
    // of the maxima, so that large logits do not cancel.
    float dot[kPixels], term[kPixels];
    for (int p = 0; p < q.count; ++p) {
      const float *g = gap + p * n, *e = t.of(p), shift = t.max[p] - q.max[p];
      float sum = 0;
#pragma omp simd reduction(+ : sum)
      for (int i = 0; i < n; ++i) sum += e[i] * (g[i] - shift);
      dot[p] = sum;
    }
    for (int p = 0; p < q.count; ++p) term[p] = weight[p] * (vlog(q.sum[p] / t.sum[p]) + dot[p] / t.sum[p]);
    for (int p = 0; p < q.count; ++p) loss += double(term[p]);
    for (int p = 0; o.dlogits && p < q.count; ++p) {
      const float of_q = weight[p] / q.sum[p], of_t = weight[p] / t.sum[p];
      const float *eq = q.of(p), *et = t.of(p);
      float* d = o.dlogits + where[p] * o.classes;
      for (int i = 0; i < o.classes; ++i) d[i] = of_q * eq[i] - of_t * et[i];
    }
    q.count = t.count = 0;
  }

  SoftmaxTile<L> q, t;
  alignas(64) float gap[kPixels * (L ? L : kMaxLanes)];
  int64_t where[kPixels];
  float weight[kPixels];
  double loss = 0;
};

/// Loss and gradient of the pixels [begin, end); the sum of their weighted divergences.
template <int L>
double kl_pixels(const Operands& o, int64_t begin, int64_t end) {
  KlTile<L> tile(lanes_of(o.classes));
  for (int64_t p = begin; p < end; ++p) {
    if (o.weights && o.weights[p] == 0.f) {
      if (o.dlogits) std::fill_n(o.dlogits + p * o.classes, o.classes, 0.f);
      continue;
    }
    tile.take(o, p);
    if (tile.q.count == tile.kPixels) tile.finish(o);
  }
  tile.finish(o);
  return tile.loss;
}

}  // namespace

void kl_div(const CpuExec& exec, const View& logits, const View& teacher, const View& weights, const View& loss,
            const View& dlogits) {
  check_dense(logits, "kl_div", "logits", DType::f32);
  check_view(teacher, "kl_div", "teacher", DType::f32, logits.shape);
  const int64_t classes = logits.channels(), pixels = logits.pixels();
  require(classes >= 1 && classes <= kMaxLanes && pixels > 0, "kl_div",
          "expects 1 to 256 classes and at least one pixel; got ", logits.shape);
  Shape of_weights;
  for (int i = 0; i + 1 < logits.shape.dims(); ++i) of_weights.push(logits.shape[i]);
  if (weights) check_view(weights, "kl_div", "weights", DType::f32, of_weights);
  check_view(loss, "kl_div", "loss", DType::f32, {});
  if (dlogits) check_view(dlogits, "kl_div", "dlogits", DType::f32, logits.shape);

  const int64_t blocks = block_count(pixels, kGrain);
  auto* partial = static_cast<double*>(exec.scratch->get(size_t(blocks) * sizeof(double)));
  const Operands operands{logits.as<float>(), teacher.as<float>(), weights ? weights.as<float>() : nullptr,
                          dlogits ? dlogits.as<float>() : nullptr, int(classes)};
  with_lanes(lanes_of(classes), [&](auto constant) {
    parallel_blocks(pixels, kGrain, [&](int64_t block, int64_t begin, int64_t end) {
      partial[block] = kl_pixels<constant()>(operands, begin, end);
    });
  });
  double sum = 0;
  for (int64_t b = 0; b < blocks; ++b) sum += partial[b];
  *loss.as<float>() = float(sum / double(pixels));
}

}  // namespace segue::kernels
