#include <algorithm>

#include "elementwise.h"
#include "flip.h"

namespace segue::kernels {
namespace {

/// `channels` 0: known at run time only.
template <int kChannels>
void flip_row(const float* from, float* to, int64_t width, int64_t run_time_channels) {
  const int64_t channels = kChannels ? kChannels : run_time_channels;
  from += (width - 1) * channels;
  for (int64_t w = 0; w < width; ++w, from -= channels, to += channels) std::copy_n(from, channels, to);
}

}  // namespace

void flip(const CpuExec&, const View& x, const View& y) {
  check_dense(x, "flip", "x", DType::f32);
  require(x.shape.dims() == 4, "flip", "expects x (N,H,W,C); got ", x.shape);
  check_view(y, "flip", "y", DType::f32, x.shape);
  const float* in = x.as<float>();
  float* o = y.as<float>();
  const int64_t width = x.shape[2], channels = x.shape[3], row = width * channels;
  const auto one = channels == 1    ? flip_row<1>
                   : channels == 3  ? flip_row<3>
                   : channels == 19 ? flip_row<19>
                                    : flip_row<0>;
  parallel_for(x.shape[0] * x.shape[1], row_grain(row), [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) one(in + i * row, o + i * row, width, channels);
  });
}

}  // namespace segue::kernels
