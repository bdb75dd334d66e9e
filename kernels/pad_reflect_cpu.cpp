#include <cstdlib>
#include <cstring>

#include "elementwise.h"
#include "pad_reflect.h"

namespace segue::kernels {
namespace {

/// The image `small` and the padded image `large`.
void check(const char* where, const char* small_name, const View& small, const char* large_name, const View& large,
           int64_t pad) {
  check_dense(small, where, small_name, DType::f32);
  const Shape& s = small.shape;
  require(s.dims() == 4, where, "expects ", small_name, " (N,H,W,C); got ", s);
  require(pad >= 0 && pad < s[1] && pad < s[2], where, "expects 0 <= pad < height and width; got pad ", pad, " for ",
          small_name, " ", s);
  check_view(large, where, large_name, DType::f32, {s[0], s[1] + 2 * pad, s[2] + 2 * pad, s[3]});
}

int64_t reflect(int64_t i, int64_t extent) { return i < extent ? std::abs(i) : 2 * (extent - 1) - i; }

/// Up to three positions of the padded axis that hold position i of an axis of `extent`; returns how many.
int copies_of(int64_t i, int64_t extent, int64_t pad, int64_t where[3]) {
  int n = 0;
  where[n++] = i + pad;
  if (i > 0 && i <= pad) where[n++] = pad - i;
  if (i < extent - 1 && extent - 1 - i <= pad) where[n++] = pad + 2 * (extent - 1) - i;
  return n;
}

void add_to(float* to, const float* from, int64_t n) {
  for (int64_t i = 0; i < n; ++i) to[i] += from[i];
}

}  // namespace

void pad_reflect(const CpuExec&, const View& x, const View& y, int64_t pad) {
  check("pad_reflect", "x", x, "y", y, pad);
  const int64_t height = x.shape[1], width = x.shape[2], channels = x.shape[3];
  const int64_t padded_height = y.shape[1], row = y.shape[2] * channels;
  const size_t pixel_bytes = size_t(channels) * sizeof(float);
  const float* in = x.as<float>();
  float* o = y.as<float>();
  parallel_for(x.shape[0] * padded_height, row_grain(row), [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t n = i / padded_height, h = reflect(i % padded_height - pad, height);
      const float* from = in + (n * height + h) * width * channels;
      float* to = o + i * row;
      for (int64_t w = 0; w < pad; ++w) {
        std::memcpy(to + w * channels, from + (pad - w) * channels, pixel_bytes);
        std::memcpy(to + (pad + width + w) * channels, from + (width - 2 - w) * channels, pixel_bytes);
      }
      std::memcpy(to + pad * channels, from, size_t(width) * pixel_bytes);
    }
  });
}

void pad_reflect_grad(const CpuExec&, const View& dy, const View& dx, int64_t pad) {
  check("pad_reflect_grad", "dx", dx, "dy", dy, pad);
  const int64_t height = dx.shape[1], width = dx.shape[2], channels = dx.shape[3];
  const int64_t padded_height = dy.shape[1], padded_row = dy.shape[2] * channels, row = width * channels;
  const float* g = dy.as<float>();
  float* o = dx.as<float>();
  parallel_for(dx.shape[0] * height, row_grain(row), [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      float* to = o + i * row;
      int64_t rows[3];
      const int copies = copies_of(i % height, height, pad, rows);
      for (int k = 0; k < copies; ++k) {
        const float* from = g + (i / height * padded_height + rows[k]) * padded_row;
        if (k == 0) {
          std::memcpy(to, from + pad * channels, size_t(row) * sizeof(float));
        } else {
          add_to(to, from + pad * channels, row);
        }
        for (int64_t w = 0; w < pad; ++w) {  // what the columns at both sides hold is folded back
          add_to(to + (pad - w) * channels, from + w * channels, channels);
          add_to(to + (width - 2 - w) * channels, from + (pad + width + w) * channels, channels);
        }
      }
    }
  });
}

}  // namespace segue::kernels
