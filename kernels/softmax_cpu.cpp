#include <limits>

#include "elementwise.h"
#include "softmax.h"
#include "vmath.h"

namespace segue::kernels {
namespace {

// Eight running values beside each other: the order of a sum is the same for every vector length.
constexpr int kLanes = 8;

float largest(const float* x, int64_t n) {
  float lane[kLanes], m = -std::numeric_limits<float>::infinity();
  int64_t i = 0;
  if (n >= kLanes) {
    for (int l = 0; l < kLanes; ++l) lane[l] = x[l];
    for (i = kLanes; i + kLanes <= n; i += kLanes)
      for (int l = 0; l < kLanes; ++l) lane[l] = lane[l] > x[i + l] ? lane[l] : x[i + l];
    for (int l = 0; l < kLanes; ++l) m = m > lane[l] ? m : lane[l];
  }
  for (; i < n; ++i) m = m > x[i] ? m : x[i];
  return m;
}

/// sum_i f(i).
template <class F>
float total(int64_t n, F f) {
  float lane[kLanes] = {}, s = 0.f;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int l = 0; l < kLanes; ++l) lane[l] += f(i + l);
  for (int step = kLanes / 2; step > 0; step /= 2)
    for (int l = 0; l < step; ++l) lane[l] += lane[l + step];
  for (; i < n; ++i) s += f(i);
  return lane[0] + s;
}

}  // namespace

void softmax(const CpuExec&, const View& x, const View& y) {
  check_dense(x, "softmax", "x", DType::f32);
  check_view(y, "softmax", "y", DType::f32, x.shape);
  const float* in = x.as<float>();
  float* o = y.as<float>();
  const int64_t channels = x.channels();
  parallel_for(x.pixels(), row_grain(channels), [=](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      const float* z = in + p * channels;
      float* e = o + p * channels;
      const float m = largest(z, channels);
#pragma GCC ivdep
      for (int64_t c = 0; c < channels; ++c) e[c] = z[c] - m;
    }
    // One loop over the block: rows of few channels would leave most of a vector empty.
    for (int64_t i = begin * channels; i < end * channels; ++i) o[i] = vexp(o[i]);
    for (int64_t p = begin; p < end; ++p) {
      float* e = o + p * channels;
      const float inverse = 1.f / total(channels, [=](int64_t c) { return e[c]; });
      for (int64_t c = 0; c < channels; ++c) e[c] *= inverse;
    }
  });
}

void softmax_grad(const CpuExec&, const View& dy, const View& y, const View& dx) {
  check_dense(dy, "softmax_grad", "dy", DType::f32);
  check_view(y, "softmax_grad", "y", DType::f32, dy.shape);
  check_view(dx, "softmax_grad", "dx", DType::f32, dy.shape);
  const float *g = dy.as<float>(), *r = y.as<float>();
  float* o = dx.as<float>();
  const int64_t channels = dy.channels();
  parallel_for(dy.pixels(), row_grain(channels), [=](int64_t begin, int64_t end) {
    for (int64_t p = begin * channels; p < end * channels; p += channels) {
      const float dot = total(channels, [=](int64_t c) { return g[p + c] * r[p + c]; });
#pragma GCC ivdep
      for (int64_t c = 0; c < channels; ++c) o[p + c] = r[p + c] * (g[p + c] - dot);
    }
  });
}

}  // namespace segue::kernels
