#include "max_pool.h"
#include "parallel.h"

namespace segue::kernels {
namespace {

// Channels whose running maxima stay in registers or next to them.
constexpr int64_t kRun = 64;

void check_shapes(const char* where, const View& x, const View& y, const View& argmax, const MaxPoolOptions& o) {
  require(o.kernel >= 1 && o.kernel <= 16 && o.stride >= 1 && o.pad >= 0 && 2 * o.pad <= o.kernel, where,
          "expects kernel 1..16, stride >= 1, pad 0..kernel/2; got ", o.kernel, ", ", o.stride, ", ", o.pad);
  require(x.shape.dims() == 4 && x.shape[1] + 2 * o.pad >= o.kernel && x.shape[2] + 2 * o.pad >= o.kernel, where,
          "expects images (N,H,W,C) not smaller than a window; got ", x.shape);
  const Shape pooled{x.shape[0], max_pool_extent(x.shape[1], o), max_pool_extent(x.shape[2], o), x.shape[3]};
  check_view(y, where, "y", DType::f32, pooled);
  if (argmax) check_view(argmax, where, "argmax", DType::u8, pooled);
}

// The window's part of an axis that lies in the image.
struct Taps {
  int64_t first, begin, end;
};
Taps taps(int64_t out, int64_t in, const MaxPoolOptions& o) {
  const int64_t first = out * o.stride - o.pad;
  return {first, std::max<int64_t>(0, -first), std::min<int64_t>(o.kernel, in - first)};
}

// One output pixel, n channels; `corner` is where in x the window's top left value lies, or would lie.
template <bool kArgmax>
void pool_run(const float* x, int64_t corner, int64_t row_stride, int64_t channels, const Taps& rows,
              const Taps& columns, int kernel, int64_t n, float* y, uint8_t* argmax) {
  float best[kRun];
  int32_t place[kRun];
  const float* first = x + (corner + rows.begin * row_stride + columns.begin * channels);
  for (int64_t i = 0; i < n; ++i) best[i] = first[i];
  if (kArgmax)
    for (int64_t i = 0; i < n; ++i) place[i] = int32_t(rows.begin * kernel + columns.begin);
  for (int64_t r = rows.begin; r < rows.end; ++r)
    for (int64_t s = columns.begin + (r == rows.begin); s < columns.end; ++s) {
      const float* v = x + (corner + r * row_stride + s * channels);
      const auto at = int32_t(r * kernel + s);
#pragma GCC ivdep
      for (int64_t i = 0; i < n; ++i) {
        const bool take = (v[i] > best[i]) | (v[i] != v[i]);
        best[i] = take ? v[i] : best[i];
        if (kArgmax) place[i] = take ? at : place[i];
      }
    }
  for (int64_t i = 0; i < n; ++i) y[i] = best[i];
  if (kArgmax)
    for (int64_t i = 0; i < n; ++i) argmax[i] = uint8_t(place[i]);
}

}  // namespace

void max_pool(const CpuExec&, const View& x, const View& y, const View& argmax, const MaxPoolOptions& options) {
  check_dense(x, "max_pool", "x", DType::f32);
  check_shapes("max_pool", x, y, argmax, options);
  const int64_t height = x.shape[1], width = x.shape[2], channels = x.shape[3], ph = y.shape[1], pw = y.shape[2];
  const float* in = x.as<float>();
  float* o = y.as<float>();
  uint8_t* arg = argmax ? argmax.as<uint8_t>() : nullptr;
  parallel_for(y.shape[0] * ph, 1, [=](int64_t begin, int64_t end) {
    for (int64_t line = begin; line < end; ++line) {
      const Taps rows = taps(line % ph, height, options);
      for (int64_t q = 0; q < pw; ++q) {
        const Taps columns = taps(q, width, options);
        const int64_t corner = ((line / ph * height + rows.first) * width + columns.first) * channels;
        const int64_t pixel = (line * pw + q) * channels;
        for (int64_t c = 0; c < channels; c += kRun) {
          const int64_t n = std::min(kRun, channels - c);
          if (arg)
            pool_run<true>(in, corner + c, width * channels, channels, rows, columns, options.kernel, n, o + pixel + c,
                           arg + pixel + c);
          else
            pool_run<false>(in, corner + c, width * channels, channels, rows, columns, options.kernel, n, o + pixel + c,
                            nullptr);
        }
      }
    }
  });
}

void max_pool_grad(const CpuExec&, const View& dy, const View& argmax, const View& dx, const MaxPoolOptions& options,
                   bool accumulate) {
  check_dense(dx, "max_pool_grad", "dx", DType::f32);
  check_view(argmax, "max_pool_grad", "argmax", DType::u8, dy.shape);
  check_shapes("max_pool_grad", dx, dy, argmax, options);
  const int64_t height = dx.shape[1], width = dx.shape[2], channels = dx.shape[3], ph = dy.shape[1], pw = dy.shape[2];
  const int64_t kernel = options.kernel, stride = options.stride, pad = options.pad;
  const float* g = dy.as<float>();
  const uint8_t* arg = argmax.as<uint8_t>();
  float* o = dx.as<float>();
  // Windows over place i of an axis: i + pad - kernel < p stride <= i + pad.
  const auto first_window = [=](int64_t i) { return std::max<int64_t>(0, (i + pad - kernel + stride) / stride); };
  const auto end_window = [=](int64_t i, int64_t windows) { return std::min(windows, (i + pad) / stride + 1); };
  parallel_for(dx.shape[0] * height, 1, [=](int64_t begin, int64_t end) {
    for (int64_t line = begin; line < end; ++line) {
      const int64_t h = line % height, image = line / height, p_end = end_window(h, ph);
      for (int64_t w = 0; w < width; ++w) {
        float* to = o + (line * width + w) * channels;
        if (!accumulate) std::fill_n(to, channels, 0.f);
        const int64_t q_end = end_window(w, pw);
        for (int64_t p = first_window(h); p < p_end; ++p)
          for (int64_t q = first_window(w); q < q_end; ++q) {
            const auto place = int32_t((h + pad - p * stride) * kernel + w + pad - q * stride);
            const int64_t from = ((image * ph + p) * pw + q) * channels;
            const float* d = g + from;
            const uint8_t* taken = arg + from;
#pragma GCC ivdep
            for (int64_t c = 0; c < channels; ++c) {
              const float share = d[c];
              to[c] += int32_t(taken[c]) == place ? share : 0.f;
            }
          }
      }
    }
  });
}

}  // namespace segue::kernels
