#include "device.cuh"
#include "divisor.cuh"
#include "image_in.h"

namespace segue::kernels {
namespace {

constexpr int kThreads = 256;
constexpr int kPitch = 8;               // what the runtime's images have: 3 channels and 5 padding lanes
constexpr int64_t kFarthest = 1 << 20;  // px; taps are exact up to there

struct Set {
  const uint8_t *images, *labels, *lut;  // labels and lut may be null
  const ImagePlan* plans;
  int64_t height, width;
};

struct Output {
  uint8_t* labels;  // or null
  float* weights;   // or null
  int64_t height, width, pixels, pitch;
  gpu::Divisor row, image;  // pixels of a row, rows of an image
  gpu::Divisor twice_height, twice_width;
  float factor[3], offset[3];
  int ignore;
};

/// A whole number of a plan, whatever it holds: NaN becomes the lower limit.
__device__ __forceinline__ int64_t whole(float v, int64_t least, int64_t most) {
  return v >= float(least) ? (v <= float(most) ? int64_t(v) : most) : least;
}
__device__ __forceinline__ int64_t clamped(int64_t v, int64_t last) { return v < 0 ? 0 : v > last ? last : v; }

struct Tap {
  int64_t low, high, nearest;  // nearest < 0: outside
  float weight;
};
/// The taps of bilinear_tap and nearest_tap on a window of an image `extent` px long, by divisions known at launch.
__device__ __forceinline__ Tap tap(int64_t to, float start, float window, int64_t extent, int64_t out,
                                   const gpu::Divisor& twice_out) {
  const int64_t in = whole(window, 1, kFarthest), first = whole(start, -kFarthest, kFarthest);
  const int64_t centre = (2 * to + 1) * in, last = extent - 1;
  int64_t rest;
  const int64_t nearest = first + twice_out.divide(centre, rest);
  const int64_t low = twice_out.divide(centre > out ? centre - out : 0, rest);
  const int64_t high = low + 1 < in ? low + 1 : low;
  return {clamped(first + low, last), clamped(first + high, last), nearest >= 0 && nearest <= last ? nearest : -1,
          float(rest) / float(twice_out.value())};
}

/// Rows first, then columns, as the CPU does it.
__device__ __forceinline__ float blend(const uint8_t* low, const uint8_t* high, int64_t left, int64_t right, float down,
                                       float across) {
  const float a = float(low[left]), b = float(low[right]);
  const float from = down == 0.f ? a : a + down * float(high[left] - low[left]);
  const float to = down == 0.f ? b : b + down * float(high[right] - low[right]);
  return from + across * (to - from);
}

template <class T, bool kPacked>
__global__ void __launch_bounds__(kThreads) image_in_kernel(Set base, Set paste, T* x, Output out) {
  const int64_t stride = int64_t(gridDim.x) * kThreads;
  for (int64_t i = int64_t(blockIdx.x) * kThreads + threadIdx.x; i < out.pixels; i += stride) {
    int64_t column, row;
    const int64_t n = out.image.divide(out.row.divide(i, column), row);
    const ImagePlan* plan = base.plans + n;
    Set set = base;
    if (paste.images) {
      const int64_t top = whole(plan->box_top, -kFarthest, kFarthest),
                    left = whole(plan->box_left, -kFarthest, kFarthest);
      const int64_t rows = whole(plan->box_height, 0, kFarthest), columns = whole(plan->box_width, 0, kFarthest);
      if (row >= top && row < top + rows && column >= left && column < left + columns) {
        set = paste;
        plan = paste.plans + n;
      }
    }
    const Tap v = tap(row, plan->top, plan->height, set.height, out.height, out.twice_height);
    const Tap h = tap(plan->flip != 0.f ? out.width - 1 - column : column, plan->left, plan->width, set.width,
                      out.width, out.twice_width);
    float value[kPitch] = {};
    int label = out.ignore;
    float weight = 0.f;
    if (v.nearest >= 0 && h.nearest >= 0) {
      weight = plan->weight;
      const uint8_t* low = set.images + (n * set.height + v.low) * set.width * 3;
      const uint8_t* high = set.images + (n * set.height + v.high) * set.width * 3;
      float u[3];
#pragma unroll
      for (int c = 0; c < 3; ++c) u[c] = blend(low + c, high + c, 3 * h.low, 3 * h.high, v.weight, h.weight);
#pragma unroll
      for (int c = 0; c < 3; ++c) {
        const float* m = plan->color + 4 * c;
        const float colored = m[0] * u[0] + m[1] * u[1] + m[2] * u[2] + 255.f * m[3];
        value[c] = fminf(fmaxf(colored, 0.f), 255.f) * out.factor[c] + out.offset[c];
      }
      if (set.labels) {
        label = set.labels[(n * set.height + v.nearest) * set.width + h.nearest];
        if (set.lut) label = set.lut[label];
      }
    }
    T* to = x + i * out.pitch;
    if constexpr (kPacked) {
      gpu::store_floats<kPitch>(to, value);
    } else {
      for (int c = 0; c < int(out.pitch); ++c) to[c] = gpu::from_float<T>(c < 3 ? value[c] : 0.f);
    }
    if (out.labels) out.labels[i] = uint8_t(label);
    if (out.weights) out.weights[i] = weight;
  }
}

Set checked(const char* what, const ImageSet& s, int64_t n) {
  check_dense(s.images, "image_in", what, DType::u8);
  const Shape& shape = s.images.shape;
  require(shape.dims() == 4 && shape[0] == n && shape[1] >= 1 && shape[2] >= 1 && shape[3] == 3, "image_in",
          "expects images of ", what, " of shape (", n, ",Hs,Ws,3); got ", shape);
  require(shape[1] <= kFarthest && shape[2] <= kFarthest, "image_in", "expects images of at most ", kFarthest,
          " px a side; got ", shape);
  check_view(s.plans, "image_in", "plans", DType::f32, {n, kImagePlanFloats});
  if (s.labels) check_view(s.labels, "image_in", "labels", DType::u8, {n, shape[1], shape[2]});
  if (s.lut) check_view(s.lut, "image_in", "lut", DType::u8, {256});
  return {s.images.as<uint8_t>(),
          s.labels ? s.labels.as<uint8_t>() : nullptr,
          s.lut ? s.lut.as<uint8_t>() : nullptr,
          reinterpret_cast<const ImagePlan*>(s.plans.as<float>()),
          shape[1],
          shape[2]};
}

}  // namespace

void image_in(const CudaExec& exec, const ImageSet& base, const ImageSet& paste, const View& x, const View& labels,
              const View& weights, const ImageInOptions& options) {
  check_pitched(x, "image_in", "x", x.dtype, x.shape);
  require(x.shape.dims() == 4 && x.shape[3] == 3, "image_in", "expects x (N,H,W,3); got ", x.shape);
  const int64_t images = x.shape[0], height = x.shape[1], width = x.shape[2];
  require(height <= kFarthest && width <= kFarthest, "image_in", "expects x of at most ", kFarthest, " px a side; got ",
          x.shape);
  if (labels) check_view(labels, "image_in", "labels", DType::u8, {images, height, width});
  if (weights) check_view(weights, "image_in", "weights", DType::f32, {images, height, width});
  require(options.ignore >= 0 && options.ignore <= 255, "image_in", "expects ignore in [0, 255]; got ", options.ignore);
  const Set under = checked("base", base, images), over = paste ? checked("paste", paste, images) : Set{};
  Output out{labels ? labels.as<uint8_t>() : nullptr,
             weights ? weights.as<float>() : nullptr,
             height,
             width,
             images * height * width,
             x.pitch,
             {},
             {},
             {},
             {},
             {},
             {},
             options.ignore};
  for (int c = 0; c < 3; ++c) {
    require(options.std[c] > 0.f, "image_in", "expects std > 0; got ", options.std[c]);
    out.factor[c] = float(1.0 / (255.0 * double(options.std[c])));
    out.offset[c] = float(-double(options.mean[c]) / double(options.std[c]));
  }
  if (x.count() == 0) return;
  out.row = gpu::Divisor(width), out.image = gpu::Divisor(height);
  out.twice_height = gpu::Divisor(2 * height), out.twice_width = gpu::Divisor(2 * width);
  gpu::dispatch_float(x.dtype, "image_in", [&](auto zero) {
    using T = decltype(zero);
    const bool packed = x.pitch == kPitch && gpu::aligned16(x.data);
    gpu::launch(
        packed ? image_in_kernel<T, true> : image_in_kernel<T, false>,
        {.name = "image_in", .grid = gpu::grid_for(out.pixels, kThreads), .block = kThreads, .stream = exec.stream},
        under, over, x.as<T>(), out);
  });
}

}  // namespace segue::kernels
