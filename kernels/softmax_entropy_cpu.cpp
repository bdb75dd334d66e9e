#include <vector>

#include "parallel.h"
#include "softmax_entropy.h"
#include "vmath.h"

namespace segue::kernels {
namespace {

constexpr int64_t kMaxClasses = 256;
constexpr int64_t kLanes = 16;  // pixels at a time, one to a vector lane: 19 channels would leave lanes empty
constexpr int64_t kPixelGrain = 2048;

/// kLanes pixels with channels outermost, and what all five functions need of them. With d the logits less their
/// maximum, everything is written in terms of d and of r = sum of exp(d) without one maximum, so that nothing cancels
/// where one class has nearly all the probability: there r is small and log(1 + r) has its relative accuracy.
struct Tile {
  int64_t classes;
  alignas(64) float shifted[kMaxClasses][kLanes];  // d <= 0
  alignas(64) float power[kMaxClasses][kLanes];    // exp(d)
  alignas(64) float log_sum[kLanes], inverse_sum[kLanes];
  alignas(64) float mean_shifted[kLanes];  // sum p d = log_sum - entropy

  void load(const float* x, int64_t pixels) {
    for (int64_t l = 0; l < pixels; ++l)
      for (int64_t c = 0; c < classes; ++c) shifted[c][l] = x[l * classes + c];
    for (int64_t c = 0; c < classes; ++c)
      for (int64_t l = pixels; l < kLanes; ++l) shifted[c][l] = 0.f;
    float top[kLanes], tops[kLanes], rest[kLanes], weighted[kLanes];
    for (int64_t l = 0; l < kLanes; ++l) top[l] = shifted[0][l];
    for (int64_t c = 1; c < classes; ++c)
      for (int64_t l = 0; l < kLanes; ++l) top[l] = shifted[c][l] > top[l] ? shifted[c][l] : top[l];
    for (int64_t l = 0; l < kLanes; ++l) tops[l] = -1.f, rest[l] = weighted[l] = 0.f;
    for (int64_t c = 0; c < classes; ++c)
      for (int64_t l = 0; l < kLanes; ++l) {
        const float d = shifted[c][l] - top[l], e = vexp(d);
        shifted[c][l] = d;
        power[c][l] = e;
        tops[l] += d == 0.f ? 1.f : 0.f;
        rest[l] += d == 0.f ? 0.f : e;
        weighted[l] += times_log(e, d);
      }
    for (int64_t l = 0; l < kLanes; ++l) {
      const float r = tops[l] + rest[l];
      log_sum[l] = vlog1p(r);
      inverse_sum[l] = 1.f / (1.f + r);
      mean_shifted[l] = weighted[l] * inverse_sum[l];
    }
  }
  float entropy(int64_t l) const { return log_sum[l] - mean_shifted[l]; }
  /// p times something made of log p: 0 at p = 0, where log p is -inf.
  static float times_log(float p, float log_p) { return p == 0.f ? 0.f : p * log_p; }

  /// shifted = value(p, d, lane) for all classes, then to y.
  template <class F>
  void store(float* y, int64_t pixels, F value) {
    for (int64_t c = 0; c < classes; ++c)
      for (int64_t l = 0; l < kLanes; ++l) shifted[c][l] = value(power[c][l] * inverse_sum[l], shifted[c][l], l);
    for (int64_t l = 0; l < pixels; ++l)
      for (int64_t c = 0; c < classes; ++c) y[l * classes + c] = shifted[c][l];
  }
  /// d entropy / d logits times factor(lane); log p + entropy = d - mean_shifted.
  template <class F>
  void store_gradient(float* dx, int64_t pixels, F factor) {
    store(dx, pixels, [&](float p, float d, int64_t l) { return -factor(l) * times_log(p, d - mean_shifted[l]); });
  }
};

/// Calls f(tile, first pixel, pixels) for all tiles of [begin, end).
template <class F>
void for_tiles(const float* x, int64_t classes, int64_t begin, int64_t end, F f) {
  Tile tile;
  tile.classes = classes;
  for (int64_t p = begin; p < end; p += kLanes) {
    const int64_t pixels = std::min(kLanes, end - p);
    tile.load(x + p * classes, pixels);
    f(tile, p, pixels);
  }
}

/// Checks the logits; returns the shape of a map of their pixels.
Shape check_logits(const View& logits, const char* where) {
  check_dense(logits, where, "logits", DType::f32);
  require(logits.shape.dims() > 0 && logits.channels() >= 1 && logits.channels() <= kMaxClasses, where,
          "expects logits of 1 to 256 classes; got ", logits.shape);
  Shape map;
  for (int i = 0; i + 1 < logits.shape.dims(); ++i) map.push(logits.shape[i]);
  return map;
}

}  // namespace

void softmax_entropy(const CpuExec&, const View& logits, const View& entropy) {
  check_view(entropy, "softmax_entropy", "entropy", DType::f32, check_logits(logits, "softmax_entropy"));
  const float* x = logits.as<float>();
  float* h = entropy.as<float>();
  parallel_for(logits.pixels(), kPixelGrain, [=, classes = logits.channels()](int64_t begin, int64_t end) {
    for_tiles(x, classes, begin, end, [=](Tile& t, int64_t first, int64_t pixels) {
      for (int64_t l = 0; l < pixels; ++l) h[first + l] = t.entropy(l);
    });
  });
}

void softmax_entropy_grad(const CpuExec&, const View& logits, const View& dentropy, const View& dlogits) {
  check_view(dentropy, "softmax_entropy_grad", "dentropy", DType::f32, check_logits(logits, "softmax_entropy_grad"));
  check_view(dlogits, "softmax_entropy_grad", "dlogits", DType::f32, logits.shape);
  const float *x = logits.as<float>(), *dh = dentropy.as<float>();
  float* dx = dlogits.as<float>();
  parallel_for(logits.pixels(), kPixelGrain, [=, classes = logits.channels()](int64_t begin, int64_t end) {
    for_tiles(x, classes, begin, end, [=](Tile& t, int64_t first, int64_t pixels) {
      alignas(64) float factor[kLanes] = {};
      for (int64_t l = 0; l < pixels; ++l) factor[l] = dh[first + l];
      t.store_gradient(dx + first * classes, pixels, [&](int64_t l) { return factor[l]; });
    });
  });
}

void softmax_information(const CpuExec&, const View& logits, const View& information) {
  check_logits(logits, "softmax_information");
  check_view(information, "softmax_information", "information", DType::f32, logits.shape);
  const float* x = logits.as<float>();
  float* y = information.as<float>();
  parallel_for(logits.pixels(), kPixelGrain, [=, classes = logits.channels()](int64_t begin, int64_t end) {
    for_tiles(x, classes, begin, end, [=](Tile& t, int64_t first, int64_t pixels) {
      t.store(y + first * classes, pixels,
              [&](float p, float d, int64_t l) { return -Tile::times_log(p, d - t.log_sum[l]); });
    });
  });
}

void softmax_information_grad(const CpuExec&, const View& logits, const View& dinformation, const View& dlogits) {
  check_logits(logits, "softmax_information_grad");
  check_view(dinformation, "softmax_information_grad", "dinformation", DType::f32, logits.shape);
  check_view(dlogits, "softmax_information_grad", "dlogits", DType::f32, logits.shape);
  const float *x = logits.as<float>(), *dy = dinformation.as<float>();
  float* dx = dlogits.as<float>();
  parallel_for(logits.pixels(), kPixelGrain, [=, classes = logits.channels()](int64_t begin, int64_t end) {
    std::vector<float> gradient(size_t(classes * kLanes));  // zero in lanes behind the last pixel
    float* g = gradient.data();
    for_tiles(x, classes, begin, end, [=](Tile& t, int64_t first, int64_t pixels) {
      for (int64_t l = 0; l < pixels; ++l)
        for (int64_t c = 0; c < classes; ++c) g[c * kLanes + l] = dy[(first + l) * classes + c];
      // With a_c = (1 + log p_c) dy_c the gradient is p_j (sum p_c a_c - a_j). Taking a of the largest class off all a
      // changes nothing in exact arithmetic, and keeps the two from cancelling where that class has p near 1.
      alignas(64) float sum[kLanes] = {}, top[kLanes];
      for (int64_t l = 0; l < kLanes; ++l) top[l] = -__builtin_inff();
      for (int64_t c = 0; c < classes; ++c)
        for (int64_t l = 0; l < kLanes; ++l) {
          const float dy_c = g[c * kLanes + l];
          top[l] = t.shifted[c][l] == 0.f && dy_c > top[l] ? dy_c : top[l];
        }
      for (int64_t c = 0; c < classes; ++c)
        for (int64_t l = 0; l < kLanes; ++l) {
          const float log_p = t.shifted[c][l] - t.log_sum[l], p = t.power[c][l] * t.inverse_sum[l];
          const float a = (1.f + log_p) * g[c * kLanes + l] - (1.f - t.log_sum[l]) * top[l];
          g[c * kLanes + l] = p == 0.f ? 0.f : a;
          sum[l] += p * g[c * kLanes + l];
        }
      for (int64_t c = 0; c < classes; ++c)
        for (int64_t l = 0; l < kLanes; ++l)
          t.shifted[c][l] = t.power[c][l] * t.inverse_sum[l] * (sum[l] - g[c * kLanes + l]);
      for (int64_t l = 0; l < pixels; ++l)
        for (int64_t c = 0; c < classes; ++c) dx[(first + l) * classes + c] = t.shifted[c][l];
    });
  });
}

void softmax_entropy_mean(const CpuExec& exec, const View& logits, const View& mean, const View& dlogits) {
  check_logits(logits, "softmax_entropy_mean");
  check_view(mean, "softmax_entropy_mean", "mean", DType::f32, Shape{});
  if (dlogits) check_view(dlogits, "softmax_entropy_mean", "dlogits", DType::f32, logits.shape);
  const int64_t all = logits.pixels();
  require(all > 0, "softmax_entropy_mean", "expects at least one pixel; got ", logits.shape);
  const float* x = logits.as<float>();
  float* dx = dlogits ? dlogits.as<float>() : nullptr;
  const int64_t blocks = block_count(all, kPixelGrain);
  double* partial = static_cast<double*>(exec.scratch->get(size_t(blocks) * sizeof(double)));
  parallel_blocks(all, kPixelGrain, [=, classes = logits.channels()](int64_t block, int64_t begin, int64_t end) {
    double sum = 0;
    for_tiles(x, classes, begin, end, [&](Tile& t, int64_t first, int64_t pixels) {
      for (int64_t l = 0; l < pixels; ++l) sum += double(t.entropy(l));
      if (dx) t.store_gradient(dx + first * classes, pixels, [](int64_t) { return 1.f; });
    });
    partial[block] = sum;
  });
  double sum = 0;
  for (int64_t b = 0; b < blocks; ++b) sum += partial[b];
  *mean.as<float>() = float(sum / double(all));
}

}  // namespace segue::kernels
