#include <cstring>

#include "crop.h"
#include "elementwise.h"

namespace segue::kernels {

void crop(const CpuExec&, const View& x, const View& y, const Window& window) {
  check_dense(x, "crop", "x", DType::f32);
  require(x.shape.dims() == 4, "crop", "expects x (N,H,W,C); got ", x.shape);
  const int64_t height = x.shape[1], width = x.shape[2], channels = x.shape[3];
  require(window.top >= 0 && window.left >= 0 && window.height >= 0 && window.width >= 0 &&
              window.top <= height - window.height && window.left <= width - window.width,
          "crop", "expects a window inside x ", x.shape, "; got ", window.height, " x ", window.width, " at row ",
          window.top, ", column ", window.left);
  check_view(y, "crop", "y", DType::f32, {x.shape[0], window.height, window.width, channels});
  const float* in = x.as<float>();
  float* o = y.as<float>();
  const int64_t row = window.width * channels;
  parallel_for(x.shape[0] * window.height, row_grain(row), [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t n = i / window.height, h = window.top + i % window.height;
      std::memcpy(o + i * row, in + ((n * height + h) * width + window.left) * channels, size_t(row) * sizeof(float));
    }
  });
}

}  // namespace segue::kernels
