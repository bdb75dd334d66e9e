#include "device.cuh"
#include "divisor.cuh"
#include "image_in.h"

namespace segue::kernels {
namespace {

constexpr int kThreads = 256, kWarps = kThreads / int(gpu::kWarp);
constexpr int kRows = 8;            // of outputs that a thread makes in its column
constexpr int kPitch = 8;           // what the runtime's images have: 3 channels and 5 padding lanes
constexpr int kFarthest = 1 << 20;  // px; taps are exact up to there

struct Set {
  const uint8_t *images, *labels, *lut;  // labels and lut may be null
  const ImagePlan* plans;
  int height, width;
};

struct Output {
  uint8_t* labels;  // or null
  float* weights;   // or null
  int height, width;
  int64_t groups, pitch;
  gpu::Divisor across, down;  // groups in a row, and rows of groups in an image
  gpu::Divisor twice_height, twice_width;
  float factor[3], offset[3];
  int ignore;
};

/// A whole number of a plan, whatever it holds: NaN becomes the lower limit.
__device__ __forceinline__ int whole(float v, int least, int most) {
  return v >= float(least) ? (v <= float(most) ? int(v) : most) : least;
}

struct alignas(16) Tap {
  int low, high, nearest;  // nearest < 0: outside
  float weight;
};
/// The taps of bilinear_tap and nearest_tap on a window of an image `extent` px long, by divisions known at launch.
__device__ __forceinline__ Tap tap(int to, float start, float window, int extent, int out,
                                   const gpu::Divisor& twice_out) {
  const int in = whole(window, 1, kFarthest), first = whole(start, -kFarthest, kFarthest), last = extent - 1;
  const int64_t centre = int64_t(2 * to + 1) * in;
  int64_t rest;
  const int nearest = first + int(twice_out.divide(centre, rest));
  const int low = int(twice_out.divide(centre > out ? centre - out : 0, rest)), high = min(low + 1, in - 1);
  return {min(max(first + low, 0), last), min(max(first + high, 0), last),
          nearest >= 0 && nearest <= last ? nearest : -1, float(int(rest)) / float(2 * out)};
}

/// A byte as f32, without a conversion instruction: these have a quarter of the rate.
__device__ __forceinline__ float to_float(uint8_t v) { return __uint_as_float(0x4b000000u | v) - 8388608.f; }

/// Makes outputs of one column of a sample from one set.
template <class T, bool kPacked>
class Column {
 public:
  __device__ __forceinline__ Column(const Set& set, const Output& out, int64_t n, int column)
      : set_(set), out_(out), plan_(set.plans[n]), first_row_(n * set.height) {
    const int to = plan_.flip != 0.f ? out.width - 1 - column : column;
    tap_ = tap(to, plan_.left, plan_.width, set.width, out.width, out.twice_width);
#pragma unroll
    for (int c = 0; c < 3; ++c) plan_.color[4 * c + 3] *= 255.f;
  }

  /// Output `pixel`, in a row with these taps.
  __device__ __forceinline__ void make(T* x, int64_t pixel, const Tap& row) const {
    float value[kPitch] = {}, weight = 0.f;
    int label = out_.ignore;
    if (row.nearest >= 0 && tap_.nearest >= 0) {
      const uint8_t* low = set_.images + (first_row_ + row.low) * set_.width * 3;
      const uint8_t* high = set_.images + (first_row_ + row.high) * set_.width * 3;
      float u[3];
#pragma unroll
      for (int c = 0; c < 3; ++c) {
        // Rows first, then columns, as the CPU does it.
        const int left = 3 * tap_.low + c, right = 3 * tap_.high + c;
        const float a = to_float(low[left]), b = to_float(low[right]);
        const float from = a + row.weight * (to_float(high[left]) - a);
        const float to = b + row.weight * (to_float(high[right]) - b);
        u[c] = from + tap_.weight * (to - from);
      }
#pragma unroll
      for (int c = 0; c < 3; ++c) {
        const float* m = plan_.color + 4 * c;
        const float colored = m[0] * u[0] + m[1] * u[1] + m[2] * u[2] + m[3];
        value[c] = fminf(fmaxf(colored, 0.f), 255.f) * out_.factor[c] + out_.offset[c];
      }
      weight = plan_.weight;
      if (set_.labels) {
        label = set_.labels[(first_row_ + row.nearest) * set_.width + tap_.nearest];
        if (set_.lut) label = set_.lut[label];
      }
    }
    T* to = x + pixel * out_.pitch;
    if constexpr (kPacked) {
      gpu::store_floats<kPitch>(to, value);
    } else {
      for (int c = 0; c < int(out_.pitch); ++c) to[c] = gpu::from_float<T>(c < 3 ? value[c] : 0.f);
    }
    if (out_.labels) out_.labels[pixel] = uint8_t(label);
    if (out_.weights) out_.weights[pixel] = weight;
  }

 private:
  const Set& set_;
  const Output& out_;
  ImagePlan plan_;
  int64_t first_row_;
  Tap tap_;
};

// A warp makes a group of 32 columns and kRows rows, whose taps it works out once.
template <class T, bool kPacked>
__global__ void __launch_bounds__(kThreads)
    image_in_kernel(const __grid_constant__ Set base, const __grid_constant__ Set paste, T* x,
                    const __grid_constant__ Output out) {
  SEGUE_SHARED(taps, Tap[kWarps][2][kRows]);
  const int lane = int(threadIdx.x % gpu::kWarp), warp = int(threadIdx.x / gpu::kWarp);
  const int64_t stride = int64_t(gridDim.x) * kWarps;
  for (int64_t group = int64_t(blockIdx.x) * kWarps + warp; group < out.groups; group += stride) {
    int64_t across, down;
    const int64_t n = out.down.divide(out.across.divide(group, across), down);
    const int first = int(down) * kRows, rows = min(kRows, out.height - first);
    const int column = int(across) * int(gpu::kWarp) + lane;
    if (lane < 2 * kRows && (lane < kRows || paste.images)) {
      const Set& set = lane < kRows ? base : paste;
      const ImagePlan& plan = set.plans[n];
      taps[warp][lane / kRows][lane % kRows] =
          tap(first + lane % kRows, plan.top, plan.height, set.height, out.height, out.twice_height);
    }
    __syncwarp();
    if (column < out.width) {
      // Rows [begin, end) of the group lie in the box.
      int begin = 0, end = 0;
      if (const ImagePlan& plan = base.plans[n]; paste.images) {
        const int left = whole(plan.box_left, -kFarthest, kFarthest), top = whole(plan.box_top, -kFarthest, kFarthest);
        if (column >= left && column < left + whole(plan.box_width, 0, kFarthest)) {
          begin = top - first;
          end = begin + whole(plan.box_height, 0, kFarthest);
        }
      }
      const int64_t pixel = (n * out.height + first) * out.width + column;
      const auto make = [&](const Set& set, const Tap* row_taps, bool pasted) {
        const Column<T, kPacked> made(set, out, n, column);
        for (int r = 0; r < rows; ++r)
          if ((r >= begin && r < end) == pasted) made.make(x, pixel + int64_t(r) * out.width, row_taps[r]);
      };
      if (begin > 0 || end < rows) make(base, taps[warp][0], false);
      if (begin < rows && end > 0) make(paste, taps[warp][1], true);
    }
    __syncwarp();  // before the next group's taps
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
          int(shape[1]),
          int(shape[2])};
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
  const int64_t across = (width + gpu::kWarp - 1) / gpu::kWarp, down = (height + kRows - 1) / kRows;
  Output out{labels ? labels.as<uint8_t>() : nullptr,
             weights ? weights.as<float>() : nullptr,
             int(height),
             int(width),
             images * down * across,
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
  out.across = gpu::Divisor(across), out.down = gpu::Divisor(down);
  out.twice_height = gpu::Divisor(2 * height), out.twice_width = gpu::Divisor(2 * width);
  gpu::dispatch_float(x.dtype, "image_in", [&](auto zero) {
    using T = decltype(zero);
    const bool packed = x.pitch == kPitch && gpu::aligned16(x.data);
    gpu::launch(
        packed ? image_in_kernel<T, true> : image_in_kernel<T, false>,
        {.name = "image_in", .grid = gpu::grid_for(out.groups, kWarps), .block = kThreads, .stream = exec.stream},
        under, over, x.as<T>(), out);
  });
}

}  // namespace segue::kernels
