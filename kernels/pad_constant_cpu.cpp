#include <cstring>

#include "elementwise.h"
#include "pad_constant.h"

namespace segue::kernels {

void pad_constant(const CpuExec&, const View& x, const View& y, const Padding& pad, float value) {
  check_dense(x, "pad_constant", "x", DType::f32);
  require(x.shape.dims() == 4, "pad_constant", "expects x (N,H,W,C); got ", x.shape);
  require(pad.top >= 0 && pad.bottom >= 0 && pad.left >= 0 && pad.right >= 0, "pad_constant",
          "expects pads >= 0; got top ", pad.top, ", bottom ", pad.bottom, ", left ", pad.left, ", right ", pad.right);
  const int64_t height = x.shape[1], channels = x.shape[3];
  check_view(y, "pad_constant", "y", DType::f32,
             {x.shape[0], pad.top + height + pad.bottom, pad.left + x.shape[2] + pad.right, channels});
  const float* in = x.as<float>();
  float* o = y.as<float>();
  const int64_t padded_height = y.shape[1], left = pad.left * channels, right = pad.right * channels;
  const int64_t inner = x.shape[2] * channels, row = left + inner + right, top = pad.top;
  parallel_for(x.shape[0] * padded_height, row_grain(row), [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t n = i / padded_height, h = i % padded_height - top;
      float* to = o + i * row;
      if (h < 0 || h >= height) {
        std::fill(to, to + row, value);
      } else {
        std::fill(to, to + left, value);
        std::memcpy(to + left, in + (n * height + h) * inner, size_t(inner) * sizeof(float));
        std::fill(to + left + inner, to + row, value);
      }
    }
  });
}

}  // namespace segue::kernels
