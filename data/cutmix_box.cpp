#include "cutmix_box.h"

#include <algorithm>
#include <cmath>

#include "kernels/error.h"

namespace segue::data {
namespace {

struct Span {
  int64_t begin, length;
};

Span span(double side, int64_t extent, double centre) {
  const auto length = int64_t(side * double(extent));
  const int64_t begin = int64_t(centre * double(extent)) - length / 2;
  const int64_t low = std::clamp<int64_t>(begin, 0, extent), high = std::clamp<int64_t>(begin + length, 0, extent);
  return {low, high - low};
}

}  // namespace

Window cutmix_box(double lambda, int64_t height, int64_t width, double u, double v) {
  const auto unit = [](double x) { return x >= 0 && x <= 1; };
  require(unit(lambda) && unit(u) && unit(v) && height >= 1 && width >= 1, "cutmix_box",
          "expects lambda, u, v in [0, 1] and an image; got ", lambda, ", ", u, ", ", v, " and ", height, "x", width);
  const double side = std::sqrt(1 - lambda);
  const Span y = span(side, height, v), x = span(side, width, u);
  return {.top = y.begin, .left = x.begin, .height = y.length, .width = x.length};
}

Window random_cutmix_box(RandomKey key, uint64_t step, int64_t sample, int64_t height, int64_t width) {
  const Philox4 r = random_quad(key, step, uint64_t(sample));
  return cutmix_box(double(to_uniform(r.v[0])), height, width, double(to_uniform(r.v[1])), double(to_uniform(r.v[2])));
}

}  // namespace segue::data
