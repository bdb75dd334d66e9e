// The plan table of the CPU device: which way computes a convolution, by its shape alone. kPlanTable in conv_paths.h is
// its version.
#include <algorithm>
#include <cstring>
#include <vector>

#include "conv_filter.h"
#include "conv_gather.h"
#include "conv_isa.h"
#include "conv_narrow.h"
#include "conv_winograd.h"

namespace segue::kernels::conv::SEGUE_CONV_ISA {
namespace {

constexpr int64_t kFewChannels = 16;  // below it, the pixels under a filter row are read as one long pixel

/// Images with a border of zeros, in scratch; the images themselves where there is none.
struct Padded {
  int64_t n, h, w, c, pad_h, pad_w;

  bool copied() const { return pad_h || pad_w; }
  int64_t height() const { return h + 2 * pad_h; }
  int64_t width() const { return w + 2 * pad_w; }
  int64_t floats() const { return copied() ? Carver::rounded(n * height() * width() * c) : 0; }
  const float* make(const float* x, float* room) const {
    if (!copied()) return x;
    const int64_t row = width() * c;
    parallel_for(n * height(), std::max<int64_t>(1, kElementGrain / row), [=, *this](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        float* out = room + i * row;
        const int64_t y = i % height() - pad_h;
        if (y < 0 || y >= h) {
          std::fill(out, out + row, 0.f);
          continue;
        }
        std::fill(out, out + pad_w * c, 0.f);
        std::memcpy(out + pad_w * c, x + (i / height() * h + y) * w * c, size_t(w * c) * sizeof(float));
        std::fill(out + (pad_w + w) * c, out + row, 0.f);
      }
    });
    return room;
  }
};

/// Few channels: a row of the filter meets one run of consecutive floats, so it is one tap with s * c channels.
void forward_merged(const CpuExec& exec, const Problem& f, const float* x, const float* w, const float* bias, float* y,
                    bool accumulate, int64_t pad_h, int64_t pad_w) {
  const int threads = thread_count();
  const Padded padded{f.n, f.h, f.w, f.c, pad_h, pad_w};
  GatherProduct g;
  g.n = f.n, g.in_h = padded.height(), g.in_w = padded.width(), g.pitch = f.c, g.len = f.s * f.c;
  g.rows = AxisMap::forward(f.p, g.in_h, f.r, f.stride, 0, f.dilation);
  g.cols = AxisMap::forward(f.q, g.in_w, 1, f.stride, 0, f.dilation);
  g.w = w, g.w_stride = f.r * g.len, g.bias = bias, g.y = y, g.out_c = f.k, g.accumulate = accumulate;
  float* room = scratch(exec, padded.floats() + g.scratch_floats(threads));
  g.a = padded.make(x, room);
  g.run(room + padded.floats(), threads);
}

bool merges(int64_t channels, const Problem& f) {
  return channels < kFewChannels && f.taps() > 1 && (f.dilation == 1 || f.s == 1);
}

/// Few result channels, many taps and channels to sum: see NarrowProduct.
bool narrow(int64_t out_c, int64_t in_c, const Problem& f) {
  return out_c <= NarrowProduct::kMostChannels && f.taps() > 1 && in_c >= kFewChannels &&
         f.dilation * (f.r - 1) < NarrowProduct::kMostSpan;
}

int64_t live_pairs(const AxisMap& map) {
  return std::count_if(map.in.begin(), map.in.end(), [](int32_t i) { return i >= 0; });
}

/// Whether F(2x2, 3x3) pays, by counting steps of 16 multiplications: its products and, per channel and tile, its
/// transforms, against the plain products that meet the image.
bool winograd_pays(const Problem& f) {
  if (f.r != 3 || f.s != 3 || f.stride != 1 || f.c < kFewChannels || f.k < kFewChannels) return false;
  const double tiles =
      double(f.n) * double(winograd_origins(f.p, f.dilation).size()) * double(winograd_origins(f.q, f.dilation).size());
  const double c = double(f.c), k = double(f.k);
  const double quick = tiles * c * k + 8 * tiles * (c + k) + 8 * c * k;
  const double plain = double(f.n) * double(live_pairs(AxisMap::forward(f.p, f.h, 3, 1, f.pad, f.dilation))) *
                       double(live_pairs(AxisMap::forward(f.q, f.w, 3, 1, f.pad, f.dilation))) * c * k / 16;
  return quick < 0.9 * plain;
}

void forward(const CpuExec& exec, const Problem& f, const float* x, const float* w, const float* bias, float* y,
             bool accumulate) {
  if (merges(f.c, f)) return forward_merged(exec, f, x, w, bias, y, accumulate, f.pad, f.pad);
  const int threads = thread_count();
  if (winograd_pays(f)) {
    const WinogradProduct g{.a = x,
                            .n = f.n,
                            .in_h = f.h,
                            .in_w = f.w,
                            .in_c = f.c,
                            .pad = f.pad,
                            .dilation = f.dilation,
                            .w = w,
                            .turned = false,
                            .bias = bias,
                            .y = y,
                            .out_h = f.p,
                            .out_w = f.q,
                            .out_c = f.k,
                            .accumulate = accumulate};
    return g.run(scratch(exec, g.scratch_floats(threads)), threads);
  }
  if (narrow(f.k, f.c, f)) {
    NarrowProduct g;
    g.a = x, g.n = f.n, g.in_h = f.h, g.in_w = f.w, g.in_c = f.c;
    g.rows = AxisMap::forward(f.p, f.h, f.r, f.stride, f.pad, f.dilation);
    g.cols = AxisMap::forward(f.q, f.w, f.s, f.stride, f.pad, f.dilation);
    g.w = w, g.bias = bias, g.y = y, g.out_c = f.k, g.accumulate = accumulate;
    return g.run(scratch(exec, g.scratch_floats(threads)), threads);
  }
  GatherProduct g;
  g.a = x, g.n = f.n, g.in_h = f.h, g.in_w = f.w, g.pitch = f.c, g.len = f.c;
  g.rows = AxisMap::forward(f.p, f.h, f.r, f.stride, f.pad, f.dilation);
  g.cols = AxisMap::forward(f.q, f.w, f.s, f.stride, f.pad, f.dilation);
  g.w = w, g.w_stride = f.taps() * f.c;
  g.bias = bias, g.y = y, g.out_c = f.k, g.accumulate = accumulate;
  g.run(scratch(exec, g.scratch_floats(threads)), threads);
}

void input_gradient(const CpuExec& exec, const Problem& f, const float* dy, const float* w, const float* bias,
                    float* dx, bool accumulate) {
  const int64_t pad_h = f.r - 1 - f.pad, pad_w = f.s - 1 - f.pad;
  if (merges(f.k, f) && f.stride == 1 && f.dilation == 1 && pad_h >= 0 && pad_w >= 0) {
    // The convolution of dy with the filters turned round and transposed; there are few of them.
    const Problem turned{f.n, f.p, f.q, f.k, f.c, f.r, f.s, f.h, f.w, 1, 0, 1};
    std::vector<float> turned_w(size_t(f.c * f.taps() * f.k));
    for (int64_t k = 0; k < f.k; ++k)
      for (int64_t t = 0; t < f.taps(); ++t)
        for (int64_t c = 0; c < f.c; ++c)
          turned_w[size_t((c * f.taps() + f.taps() - 1 - t) * f.k + k)] = w[(k * f.taps() + t) * f.c + c];
    return forward_merged(exec, turned, dy, turned_w.data(), bias, dx, accumulate, pad_h, pad_w);
  }
  const int threads = thread_count();
  if (winograd_pays(f)) {
    const WinogradProduct g{.a = dy,
                            .n = f.n,
                            .in_h = f.p,
                            .in_w = f.q,
                            .in_c = f.k,
                            .pad = 2 * f.dilation - f.pad,
                            .dilation = f.dilation,
                            .w = w,
                            .turned = true,
                            .bias = bias,
                            .y = dx,
                            .out_h = f.h,
                            .out_w = f.w,
                            .out_c = f.c,
                            .accumulate = accumulate};
    return g.run(scratch(exec, g.scratch_floats(threads)), threads);
  }
  if (narrow(f.c, f.k, f)) {
    NarrowProduct g;
    g.a = dy, g.n = f.n, g.in_h = f.p, g.in_w = f.q, g.in_c = f.k;
    g.rows = AxisMap::backward(f.h, f.p, f.r, f.stride, f.pad, f.dilation);
    g.cols = AxisMap::backward(f.w, f.q, f.s, f.stride, f.pad, f.dilation);
    g.w = w, g.w_by_len = true, g.bias = bias, g.y = dx, g.out_c = f.c, g.accumulate = accumulate;
    return g.run(scratch(exec, g.scratch_floats(threads)), threads);
  }
  GatherProduct g;
  g.a = dy, g.n = f.n, g.in_h = f.p, g.in_w = f.q, g.pitch = f.k, g.len = f.k;
  g.rows = AxisMap::backward(f.h, f.p, f.r, f.stride, f.pad, f.dilation);
  g.cols = AxisMap::backward(f.w, f.q, f.s, f.stride, f.pad, f.dilation);
  g.w = w, g.w_stride = f.taps() * f.c, g.w_by_len = true;
  g.bias = bias, g.y = dx, g.out_c = f.c, g.accumulate = accumulate;
  g.run(scratch(exec, g.scratch_floats(threads)), threads);
}

/// The gradient of filters that meet few channels: its columns are all (tap, channel) pairs of `thin`, side by side, its
/// rows the channels of `thick`. Result (thick_c, r, s, thin.c).
FilterProduct side_by_side(const Padded& thin, int64_t p, int64_t q, int64_t thick_c, const Problem& f, int64_t stride,
                           int64_t dilation) {
  FilterProduct g;
  g.n = thin.n, g.in_h = thin.height(), g.in_w = thin.width(), g.pitch = thin.c, g.len = f.taps() * thin.c;
  g.run_floats = f.s * thin.c, g.run_pitch = dilation * g.in_w * thin.c;
  g.rows = AxisMap::forward(p, g.in_h, 1, stride, 0, 1), g.cols = AxisMap::forward(q, g.in_w, 1, stride, 0, 1);
  g.k = thick_c;
  return g;
}

/// Few filters: the sum over the pixels of x of x times the gradients around it, turned round at the end.
void filter_gradient_narrow(const CpuExec& exec, const Problem& f, const float* x, const float* dy, float* dw,
                            bool accumulate) {
  const int threads = thread_count();
  const Padded thin{f.n, f.p, f.q, f.k, f.r - 1 - f.pad, f.s - 1 - f.pad};
  FilterProduct g = side_by_side(thin, f.h, f.w, f.c, f, 1, 1);
  const int64_t result = Carver::rounded(f.c * f.taps() * f.k);
  float* room = scratch(exec, result + thin.floats() + g.scratch_floats(threads));
  g.dw = room, g.dy = x, g.x = thin.make(dy, room + result);
  g.run(room + result + thin.floats(), threads);
  for (int64_t k = 0; k < f.k; ++k)
    for (int64_t t = 0; t < f.taps(); ++t)
      for (int64_t c = 0; c < f.c; ++c) {
        float& to = dw[(k * f.taps() + t) * f.c + c];
        to = (accumulate ? to : 0.f) + room[(c * f.taps() + f.taps() - 1 - t) * f.k + k];
      }
}

void filter_gradient(const CpuExec& exec, const Problem& f, const float* x, const float* dy, float* dw,
                     bool accumulate) {
  const int threads = thread_count();
  if (winograd_pays(f)) {
    const WinogradFilter g{.x = x,
                           .n = f.n,
                           .h = f.h,
                           .w = f.w,
                           .c = f.c,
                           .pad = f.pad,
                           .dilation = f.dilation,
                           .dy = dy,
                           .p = f.p,
                           .q = f.q,
                           .k = f.k,
                           .dw = dw,
                           .accumulate = accumulate};
    return g.run(scratch(exec, g.scratch_floats(threads)), threads);
  }
  if (merges(f.c, f)) {
    const Padded padded{f.n, f.h, f.w, f.c, f.pad, f.pad};
    FilterProduct g = side_by_side(padded, f.p, f.q, f.k, f, f.stride, f.dilation);
    float* room = scratch(exec, padded.floats() + g.scratch_floats(threads));
    g.dy = dy, g.dw = dw, g.accumulate = accumulate, g.x = padded.make(x, room);
    return g.run(room + padded.floats(), threads);
  }
  if (narrow(f.k, f.c, f) && f.stride == 1 && f.dilation == 1 && f.pad < std::min(f.r, f.s))
    return filter_gradient_narrow(exec, f, x, dy, dw, accumulate);
  FilterProduct g;
  g.n = f.n, g.pitch = f.c, g.dy = dy, g.k = f.k, g.dw = dw, g.accumulate = accumulate;
  g.x = x, g.in_h = f.h, g.in_w = f.w, g.len = g.run_floats = f.c;
  g.rows = AxisMap::forward(f.p, f.h, f.r, f.stride, f.pad, f.dilation);
  g.cols = AxisMap::forward(f.q, f.w, f.s, f.stride, f.pad, f.dilation);
  g.run(scratch(exec, g.scratch_floats(threads)), threads);
}

}  // namespace

const Paths kPaths{forward, input_gradient, filter_gradient};

}  // namespace segue::kernels::conv::SEGUE_CONV_ISA
