#include "filter_taps.h"

#include <algorithm>
#include <cmath>

#include "kernels/error.h"

namespace segue::data {
namespace {

int64_t floor_div(int64_t a, int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

void start(int64_t count, int64_t width, FilterTaps& taps) {
  taps.width = width + width % 2;
  taps.begin.resize(size_t(count));
  taps.weights.assign(size_t(count * taps.width), 0);
}

// Rounds running sums instead of weights, so that the weights add up to 1.
template <class Weight>
void normalise(int64_t taps, int16_t* weights, Weight&& weight) {
  using Sum = decltype(weight(0));
  Sum total = 0, sum = 0;
  for (int64_t t = 0; t < taps; ++t) total += weight(t);
  int32_t before = 0;
  for (int64_t t = 0; t < taps; ++t) {
    sum += weight(t);
    const auto now = int32_t((sum * Sum(1 << kWeightBits) + total / 2) / total);
    weights[t] = int16_t(now - before);
    before = now;
  }
}

}  // namespace

// In units of 1/(2 out) input px everything is whole: output i lies at (2i+1) in, input j at (2j+1) out, and the
// triangle reaches `radius` to either side.
void resize_taps(int64_t in, int64_t out, int64_t first, int64_t count, FilterTaps& taps) {
  const int64_t radius = 2 * std::max(in, out);
  start(count, std::min(in, radius / out + 1), taps);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t place = (2 * (first + i) + 1) * in;
    const int64_t begin = std::max<int64_t>(0, floor_div(place - radius - out, 2 * out) + 1);
    const int64_t end = std::min(in, floor_div(place + radius - out - 1, 2 * out) + 1);
    taps.begin[size_t(i)] = int32_t(begin);
    normalise(end - begin, &taps.weights[size_t(i * taps.width)],
              [&](int64_t t) { return radius - std::abs((2 * (begin + t) + 1) * out - place); });
  }
}

void blur_taps(int64_t n, double sigma, FilterTaps& taps) {
  const auto radius = int64_t(std::ceil(3.5 * sigma));
  double bell[kMostRadius + 1];
  require(radius <= kMostRadius, "blur_taps", "expects a radius of at most ", kMostRadius, " px; got ", radius);
  for (int64_t d = 0; d <= radius; ++d) bell[d] = std::exp(-0.5 * double(d * d) / (sigma * sigma));
  start(n, std::min(n, 2 * radius + 1), taps);
  for (int64_t i = 0; i < n; ++i) {
    const int64_t begin = std::max<int64_t>(0, i - radius), end = std::min(n, i + radius + 1);
    taps.begin[size_t(i)] = int32_t(begin);
    normalise(end - begin, &taps.weights[size_t(i * taps.width)],
              [&](int64_t t) { return bell[std::abs(begin + t - i)]; });
  }
}

}  // namespace segue::data
