#include "image_strips.cuh"
#include "resize_bilinear.h"

namespace segue::kernels {
namespace {

// Rows of a strip of the result, at most, and of dx: a strip begins with source rows that its neighbour has too.
constexpr int64_t kRows = 16, kGradRows = 4;
// Blocks that fill a device, 3 on each of 132 multiprocessors; where there would be fewer, strips are shorter.
constexpr int64_t kEnoughBlocks = 396;
// Blocks of the gradient that a multiprocessor is to hold: at most 64 registers a thread, of which it can use more.
constexpr int kGradBlocks = 4;

/// One axis of a resize: output o lies at position(o) / under among the sources, as in bilinear_tap.h. The distances
/// within a tap's reach are below `under`, which f32 holds exactly.
struct Axis {
  int64_t in, out, step, offset;
  gpu::Divisor under, per_step;
  float inverse;

  Axis(int64_t in, int64_t out, bool align_corners) : in(in), out(out) {
    const bool many = out > 1;
    step = !align_corners ? 2 * in : many ? in - 1 : 0;
    offset = align_corners ? 0 : in - out;
    under = gpu::Divisor(!align_corners ? 2 * out : many ? out - 1 : 1);
    per_step = gpu::Divisor(std::max<int64_t>(step, 1));
    inverse = float(1 / double(under.value()));
  }
  /// Behind the last source, its position.
  __device__ __forceinline__ int64_t position(int64_t o) const {
    return min(max(step * o + offset, int64_t(0)), (in - 1) * under.value());
  }
  /// First of the two sources of an output, and the share of the second.
  __device__ __forceinline__ int64_t tap(int64_t o, float& weight) const {
    int64_t rest;
    const int64_t low = under.divide(position(o), rest);
    weight = float(rest) / float(under.value());
    return low;
  }
  /// The outputs that source i goes into: [first, end).
  __device__ __forceinline__ void reached(int64_t i, int64_t& first, int64_t& end) const {
    int64_t rest;
    first = 0;
    end = out;
    if (step == 0) {
      if (i > 0) first = out;
      return;
    }
    const int64_t above = (i - 1) * under.value() - offset, below = (i + 1) * under.value() - offset;
    if (i > 0 && above >= 0) first = per_step.divide(above, rest) + 1;
    if (i + 1 < in) end = below > 0 ? min(out, per_step.divide(below + step - 1, rest)) : 0;
  }
  /// Share of a source in an output at this distance from it; |distance| <= under.
  __device__ __forceinline__ float share(int distance) const {
    return float(int(under.value()) - abs(distance)) * inverse;
  }
};

/// One source row at the output column of the thread.
template <int N, class T>
__device__ __forceinline__ void expand(const T* low, const T* high, float weight, float (&v)[N]) {
  float b[N];
  gpu::load_floats<N>(low, v);
  gpu::load_floats<N>(high, b);
#pragma unroll
  for (int j = 0; j < N; ++j) v[j] += weight * (b[j] - v[j]);
}

// Strips of y: a thread goes down the rows with the two source rows between which it is, their columns interpolated.
template <class T, int N>
__global__ void __launch_bounds__(gpu::kStripThreads)
    resize_bilinear_kernel(const T* x, T* y, gpu::ImageStrips strips, int64_t strip_rows, Axis rows, Axis columns,
                           int x_pitch, int y_pitch) {
  gpu::for_strips<N>(strips, strip_rows, [&](const gpu::ImageStrip& at) {
    float column_weight;
    const int64_t column = columns.tap(at.column, column_weight), row_size = columns.in * x_pitch;
    const int64_t to_next = column + 1 < columns.in ? x_pitch : 0;
    const T* from = x + at.image * rows.in * row_size + column * x_pitch + at.channel;
    T* to = y + ((at.image * rows.out + at.row) * columns.out + at.column) * y_pitch + at.channel;
    const int64_t end = min(at.row + strip_rows, rows.out);
    int64_t held = -2;
    float low[N] = {}, high[N] = {};
    for (int64_t p = at.row; p < end; ++p, to += columns.out * y_pitch) {
      float weight;
      const int64_t row = rows.tap(p, weight);
      if (row != held) {
        const T* next = from + row * row_size;
        if (row == held + 1) {
#pragma unroll
          for (int j = 0; j < N; ++j) low[j] = high[j];
        } else {
          expand<N>(next, next + to_next, column_weight, low);
        }
        if (row + 1 < rows.in) next += row_size;
        expand<N>(next, next + to_next, column_weight, high);
        held = row;
      }
      float v[N];
#pragma unroll
      for (int j = 0; j < N; ++j) v[j] = low[j] + weight * (high[j] - low[j]);
      gpu::store_floats<N>(to, v);
    }
  });
}

// Strips of dx: a thread goes down the rows of dy that its strip went into. Each row of dy, gathered over its columns,
// goes into at most two rows of dx, `sum` and the one below it, `next`.
template <class T, int N, bool kAccumulate>
__global__ void __launch_bounds__(gpu::kStripThreads, kGradBlocks)
    resize_bilinear_grad_kernel(const T* dy, T* dx, gpu::ImageStrips strips, int64_t strip_rows, Axis rows,
                                Axis columns, int dy_pitch, int dx_pitch) {
  gpu::for_strips<N>(strips, strip_rows, [&](const gpu::ImageStrip& at) {
    const int end = int(min(at.row + strip_rows, rows.in));
    int64_t q_first, q_end, p_first, p_end, unused;
    columns.reached(at.column, q_first, q_end);
    rows.reached(at.row, p_first, unused);
    rows.reached(end - 1, unused, p_end);
    // Distances from the column. Those of outputs beyond the first or last source count as 0.
    const int q_distance = int(columns.step * q_first + columns.offset - at.column * columns.under.value());
    const int nearest = at.column == 0 ? 0 : -int(columns.under.value());
    const int farthest = at.column == columns.in - 1 ? 0 : int(columns.under.value());

    const T* from = dy + ((at.image * rows.out + p_first) * columns.out + q_first) * dy_pitch + at.channel;
    T* to = dx + ((at.image * rows.in + at.row) * columns.in + at.column) * dx_pitch + at.channel;
    float sum[N] = {}, next[N] = {};
    const auto finish_row = [&] {
      if (kAccumulate) {
        float before[N];
        gpu::load_floats<N>(to, before);
#pragma unroll
        for (int j = 0; j < N; ++j) sum[j] += before[j];
      }
      gpu::store_floats<N>(to, sum);
      to += columns.in * dx_pitch;
#pragma unroll
      for (int j = 0; j < N; ++j) sum[j] = next[j], next[j] = 0.f;
    };

    const int under = int(rows.under.value()), count = int(q_end - q_first);
    int row = int(at.row);
    for (int p = int(p_first); p < int(p_end); ++p, from += columns.out * dy_pitch) {
      float gathered[N] = {};
      const T* d = from;
      int distance = q_distance;
#pragma unroll 4
      for (int q = 0; q < count; ++q, d += dy_pitch, distance += int(columns.step)) {
        const float share = columns.share(min(max(distance, nearest), farthest));
        float v[N];
        gpu::load_floats<N>(d, v);
#pragma unroll
        for (int j = 0; j < N; ++j) gathered[j] += share * v[j];
      }
      int64_t below = rows.position(p) - int64_t(row) * under;
      for (; below >= under; below -= under, ++row) finish_row();
      const float share = rows.share(int(below)), next_share = below > 0 ? float(int(below)) * rows.inverse : 0.f;
#pragma unroll
      for (int j = 0; j < N; ++j) {
        sum[j] += share * gathered[j];
        next[j] += next_share * gathered[j];
      }
    }
    for (; row < end; ++row) finish_row();
  });
}

void check_shapes(const char* where, const View& x, const View& y) {
  check_pitched(x, where, "x", x.dtype, x.shape);
  check_pitched_or_slice(y, where, "y", x.dtype, y.shape);
  require(x.shape.dims() == 4 && y.shape.dims() == 4 && x.shape[0] == y.shape[0] && x.shape[3] == y.shape[3] &&
              x.shape[1] * x.shape[2] > 0 && y.shape[1] * y.shape[2] > 0,
          where, "expects images (N,H,W,C) and (N,P,Q,C) of at least one pixel; got ", x.shape, " and ", y.shape);
  require(x.lanes == y.lanes, where, "expects images at one pitch, or a slice and images of its ", y.channels(),
          " lanes; got ", x.lanes, " and ", y.lanes, " lanes");
}

/// Calls launch(pack, strip rows, strips) for the strips of `image`: at most `rows` high, and so low that they fill a
/// device.
template <class F>
void with_strips(const View& image, int pack, int64_t rows, F run) {
  const Shape& s = image.shape;
  const auto strips = [&] { return gpu::ImageStrips(s[0], s[1], s[2], image.lanes, pack, rows); };
  while (rows > 1 && strips().count < std::min(kEnoughBlocks, gpu::max_blocks()) * gpu::kStripThreads) rows /= 2;
  run(strips(), rows);
}

}  // namespace

void resize_bilinear(const CudaExec& exec, const View& x, const View& y, bool align_corners) {
  check_shapes("resize_bilinear", x, y);
  if (y.count() == 0) return;
  gpu::dispatch_float(x.dtype, "resize_bilinear", [&](auto zero) {
    using T = decltype(zero);
    const auto run = [&](auto kernel, int pack) {
      with_strips(y, pack, kRows, [&](const gpu::ImageStrips& strips, int64_t rows) {
        gpu::launch(kernel, strips.config("resize_bilinear", exec), x.as<T>(), y.as<T>(), strips, rows,
                    Axis(x.shape[1], y.shape[1], align_corners), Axis(x.shape[2], y.shape[2], align_corners),
                    int(x.pitch), int(y.pitch));
      });
    };
    constexpr int N = gpu::kVector<T>;
    if (x.pitch % N == 0 && y.pitch % N == 0 && gpu::aligned16(x.data, y.data))
      run(resize_bilinear_kernel<T, N>, N);
    else
      run(resize_bilinear_kernel<T, 1>, 1);
  });
}

void resize_bilinear_grad(const CudaExec& exec, const View& dy, const View& dx, bool align_corners, bool accumulate) {
  check_shapes("resize_bilinear_grad", dx, dy);
  if (dx.count() == 0) return;
  gpu::dispatch_float(dx.dtype, "resize_bilinear_grad", [&](auto zero) {
    using T = decltype(zero);
    const auto run = [&](auto kernel, int pack) {
      with_strips(dx, pack, kGradRows, [&](const gpu::ImageStrips& strips, int64_t rows) {
        gpu::launch(kernel, strips.config("resize_bilinear_grad", exec), dy.as<T>(), dx.as<T>(), strips, rows,
                    Axis(dx.shape[1], dy.shape[1], align_corners), Axis(dx.shape[2], dy.shape[2], align_corners),
                    int(dy.pitch), int(dx.pitch));
      });
    };
    constexpr int N = gpu::kVector<T>;
    if (dx.pitch % N == 0 && dy.pitch % N == 0 && gpu::aligned16(dy.data, dx.data))
      run(accumulate ? resize_bilinear_grad_kernel<T, N, true> : resize_bilinear_grad_kernel<T, N, false>, N);
    else
      run(accumulate ? resize_bilinear_grad_kernel<T, 1, true> : resize_bilinear_grad_kernel<T, 1, false>, 1);
  });
}

}  // namespace segue::kernels
