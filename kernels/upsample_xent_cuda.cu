#include "partial_sums.cuh"
#include "patch_labels.cuh"
#include "softmax_xent.h"
#include "upsample_growth.cuh"
#include "upsample_xent.h"

namespace segue::kernels {
namespace {

using gpu::CellAxis;
using gpu::CellTile;
using gpu::CellTiles;
using gpu::Corners;
using gpu::Exponential;
using gpu::Growth;
using gpu::kLog2E;
using gpu::kPatch;
using gpu::LogitTile;
using gpu::Patch;
using gpu::PatchLabels;

constexpr int kThreads = 128;
constexpr int64_t kMostClasses = 40;  // with a slot for every thread
constexpr float kLn2 = 0.693147181f;

template <class T>
struct Problem {
  CellTiles tiles;
  const T* logits;
  gpu::PixelLabels labels;
  float* partial;
  T* dlogits;  // or null
  uint32_t* status;
  int classes, pitch;
  float widest;  // difference of two logits up to which Growth is safe
};

/// Four numbers of each thread for each class: first a Growth, then the gradient for the four corners of its cell. Each
/// corner's lie in a row of their own within a warp's memory, so that other threads read them without bank conflicts.
template <int kSlots>
class Slots {
 public:
  static constexpr int kStride = 4 * kSlots;  // floats from a class to the next

  __device__ __forceinline__ explicit Slots(float* shared)
      : warp_(shared + threadIdx.x / gpu::kWarp * (4 * gpu::kWarp)), lane_(int(threadIdx.x % gpu::kWarp)) {}
  __device__ __forceinline__ float4& growth(int c) const {
    return *reinterpret_cast<float4*>(warp_ + c * kStride + 4 * lane_);
  }
  __device__ __forceinline__ float& corner(int c, int k) const {
    return warp_[c * kStride + k * int(gpu::kWarp) + lane_];
  }
  /// Corner k of class 0 in the slots of another thread.
  static __device__ __forceinline__ const float* of(const float* shared, int thread, int k) {
    constexpr int kLanes = int(gpu::kWarp);
    return shared + thread / kLanes * (4 * kLanes) + k * kLanes + thread % kLanes;
  }
  /// Moves what belongs to corners outside the image to those inside that they repeat.
  __device__ __forceinline__ void fold(int classes, bool top, bool bottom, bool left, bool right) const {
    for (int c = 0; c < classes; ++c) {
      float &ul = corner(c, 0), &ur = corner(c, 1), &ll = corner(c, 2), &lr = corner(c, 3);
      if (top) ll += ul, lr += ur;
      if (bottom) ul += ll, ur += lr;
      if (left) ur += ul, lr += ll;
      if (right) ul += ur, ll += lr;
    }
  }

 private:
  float* warp_;
  int lane_;
};

/// One patch of the calling thread. The corners of its cell lie at `corner` in the tile's planes.
template <class T, int kSlots>
class Work {
 public:
  __device__ __forceinline__ Work(const Problem<T>& p, const Patch& patch, int image, const LogitTile& tile, int corner,
                                  const Slots<kSlots>& slots)
      : p_(p),
        patch_(patch),
        labels_(p.labels, p.tiles, patch_, image),
        z_(tile.z + corner),
        width_(p.tiles.cells_x + 1),
        plane_(p.tiles.pixels()),
        slots_(slots) {}
  __device__ __forceinline__ bool bad() const { return labels_.bad(); }

  /// The loss, not yet times inv_norm, and in the slots the gradient; both but for what the labels subtract. With one
  /// growth a class for all outputs. `kKeep`: growths wait in the slots, which hold nothing yet; else the gradient is
  /// added to what they hold.
  template <bool kKeep>
  __device__ __forceinline__ float grow() const {
    const Exponential exponential(patch_, corners(p_.classes));
    float sum[kPatch][kPatch] = {};
    const float* z = z_;
#pragma unroll 2
    for (int c = 0; c < p_.classes; ++c, z += plane_) {
      const Growth g = exponential(Corners(z, width_));
      if (kKeep) slots_.growth(c) = make_float4(g.e, g.x, g.y, g.xy);
      gpu::add_growth(g, patch_.rows, sum);
    }

    // Now each output has the factor of its softmax in the gradient for the left and for the right corners.
    float weight[kPatch][kPatch], left[kPatch][kPatch], right[kPatch][kPatch], loss = 0.f;
    labels_.weights(weight);
#pragma unroll
    for (int i = 0; i < kPatch; ++i)
#pragma unroll
      for (int j = 0; j < kPatch; ++j) {
        const float w = weight[i][j], s = w != 0.f ? sum[i][j] : 1.f;
        loss += w * __log2f(s);
        const float factor = __fdividef(w, s);
        right[i][j] = patch_.right(j) * factor;
        left[i][j] = factor - right[i][j];
      }
    loss *= kLn2;
    if (!p_.dlogits) return loss;

    z = z_;
#pragma unroll 2
    for (int c = 0; c < p_.classes; ++c, z += plane_) {
      Growth g;
      if (kKeep) {
        const float4 kept = slots_.growth(c);
        g = {kept.x, kept.y, kept.z, kept.w};
        __syncwarp();  // all lanes have read theirs before any writes its gradient there
      } else {
        g = exponential(Corners(z, width_));
      }
      // Sums over the rows, and sums of these on their way: together they weigh row i by its share.
      float e = g.e, x = g.x, all_left = 0.f, all_right = 0.f, way_left = 0.f, way_right = 0.f;
#pragma unroll
      for (int i = 0; i < kPatch; ++i) {
        way_left += all_left, way_right += all_right;
        all_left += e * (left[i][0] + x * (left[i][1] + x * (left[i][2] + x * left[i][3])));
        all_right += e * (right[i][0] + x * (right[i][1] + x * (right[i][2] + x * right[i][3])));
        if (i + 1 < patch_.rows) e *= g.y, x *= g.xy;
      }
      const float lower_left = patch_.lower(kPatch - 1) * all_left - patch_.step_y * way_left;
      const float lower_right = patch_.lower(kPatch - 1) * all_right - patch_.step_y * way_right;
      put<kKeep>(c, all_left - lower_left, all_right - lower_right, lower_left, lower_right);
    }
    return loss;
  }

  /// The same for any logits: with the maximum of every output, in three passes. Adds to what the slots hold.
  __device__ __forceinline__ float careful() const {
    float loss = 0.f;
    for (int i = 0; i < patch_.rows; ++i) {
      float top[kPatch], sum[kPatch] = {}, factor[kPatch];
#pragma unroll
      for (int j = 0; j < kPatch; ++j) top[j] = -INFINITY;
      for_row(i, [&](int, int j, float z) { top[j] = fmaxf(top[j], z); });
      for_row(i, [&](int, int j, float z) { sum[j] += exp2f(kLog2E * (z - top[j])); });
#pragma unroll
      for (int j = 0; j < kPatch; ++j) {
        const int k = kPatch * i + j;
        const float w = labels_.counted() >> k & 1 ? labels_.weight(k) : 0.f;
        factor[j] = w / sum[j];
        if (w != 0.f)
          loss += w * (logf(sum[j]) + top[j]);
        else
          factor[j] = 0.f;
      }
      if (!p_.dlogits) continue;
      float all = 0.f, right = 0.f;
      for_row(i, [&](int c, int j, float z) {
        const float g = factor[j] != 0.f ? factor[j] * exp2f(kLog2E * (z - top[j])) : 0.f;
        all += g, right += patch_.right(j) * g;
        if (j + 1 < kPatch) return;
        const float left = all - right, lower = patch_.lower(i);
        put<false>(c, left - lower * left, right - lower * right, lower * left, lower * right);
        all = right = 0.f;
      });
    }
    return loss;
  }

  /// What the labels subtract from the gradient, and from the loss, which is returned; after one of the above. `grown`:
  /// it was grow(). One label after the other: most patches have but one.
  __device__ __forceinline__ float subtract_labels(bool grown) const {
    Corners shift = corners(p_.classes);
    if (!grown) shift.upper_left = shift.upper_right = shift.lower_left = shift.lower_right = 0.f;
    float loss = 0.f;
    for (unsigned rest = labels_.counted(); rest != 0;) {
      const int label = labels_.label(__ffs(int(rest)) - 1);
      const unsigned same = rest & labels_.with(label);
      rest &= ~same;

      // Sums over these outputs of 1, the column, the row, and row times column, each times the weight.
      float all = 0.f, column = 0.f, row = 0.f, both = 0.f, w = 1.f;
      if (p_.labels.weights) {
        for (unsigned m = same; m != 0; m &= m - 1) {
          const int k = __ffs(int(m)) - 1;
          const float v = labels_.weight(k);
          all += v, column += v * float(k % kPatch), row += v * float(k / kPatch);
          both += v * float(k / kPatch * (k % kPatch));
        }
      } else {
        // Of the numbers of rows and columns bit by bit.
        const auto count = [same](unsigned m) { return __popc(same & m); };
        all = float(count(0xffff));
        column = float(count(0xaaaa) + 2 * count(0xcccc)), row = float(count(0xf0f0) + 2 * count(0xff00));
        both = float(count(0xa0a0) + 2 * (count(0xc0c0) + count(0xaa00)) + 4 * count(0xcc00));
        if (p_.labels.class_weights) w = p_.labels.class_weights[label];
      }
      const float right = patch_.share_x * all + patch_.step_x * column;
      const float lower = w * (patch_.share_y * all + patch_.step_y * row);
      const float lower_right =
          w * (patch_.share_y * right + patch_.step_y * (patch_.share_x * row + patch_.step_x * both));
      const float lower_left = lower - lower_right, upper_right = w * right - lower_right;
      const float upper_left = w * (all - right) - lower_left;
      const Corners z = corners(label);
      loss += upper_left * (z.upper_left - shift.upper_left) + upper_right * (z.upper_right - shift.upper_right) +
              lower_left * (z.lower_left - shift.lower_left) + lower_right * (z.lower_right - shift.lower_right);
      if (p_.dlogits) put<false>(label, -upper_left, -upper_right, -lower_left, -lower_right);
    }
    return loss;
  }

 private:
  __device__ __forceinline__ Corners corners(int c) const { return Corners(z_ + c * plane_, width_); }
  /// f(class, column, logit) for the outputs of row i, those of a class one after the other.
  template <class F>
  __device__ __forceinline__ void for_row(int i, F f) const {
    const float lower = patch_.lower(i);
    const float* z = z_;
    for (int c = 0; c < p_.classes; ++c, z += plane_) {
      const Corners at(z, width_);
      const float from = at.upper_left + lower * (at.lower_left - at.upper_left);
      const float to = at.upper_right + lower * (at.lower_right - at.upper_right);
#pragma unroll
      for (int j = 0; j < kPatch; ++j) f(c, j, from + patch_.right(j) * (to - from));
    }
  }
  template <bool kFirst>
  __device__ __forceinline__ void put(int c, float upper_left, float upper_right, float lower_left,
                                      float lower_right) const {
    const float g[4] = {upper_left, upper_right, lower_left, lower_right};
#pragma unroll
    for (int k = 0; k < 4; ++k) slots_.corner(c, k) = kFirst ? g[k] : slots_.corner(c, k) + g[k];
  }

  const Problem<T>& p_;
  const Patch patch_;
  const PatchLabels labels_;
  const float* const z_;
  const int width_, plane_;
  const Slots<kSlots> slots_;
};

/// Writes the gradient of the pixels between a tile's cells: each gathers from the cells around it.
template <class T, int N, int kSlots>
__device__ __forceinline__ void gather(const Problem<T>& p, const CellTile& tile, const float* shared) {
  using S = Slots<kSlots>;
  const CellTiles& t = p.tiles;
  const int across = t.cells_x - 1, pixels = (t.cells_y - 1) * across;
  for (int i = int(threadIdx.x); i < pixels; i += kThreads) {
    const int row = i / across, column = i - row * across, y = tile.y + row, x = tile.x + column;
    if (y >= t.y.in || x >= t.x.in) continue;
    const int cell = row * t.cells_x + column;  // this pixel is its lower right corner
    const float *a = S::of(shared, cell, 3), *b = S::of(shared, cell + 1, 2);
    const float *c = S::of(shared, cell + t.cells_x, 1), *d = S::of(shared, cell + t.cells_x + 1, 0);
    T* to = p.dlogits + ((int64_t(tile.image) * t.y.in + y) * t.x.in + x) * p.pitch;
    for (int first = 0; first < p.pitch; first += N) {
      float v[N];
#pragma unroll
      for (int j = 0; j < N; ++j) {
        const int at = j * S::kStride;
        v[j] = first + j < p.classes ? (a[at] + b[at]) + (c[at] + d[at]) : 0.f;
      }
      gpu::store(to + first, gpu::from_floats<T>(v));
      a += N * S::kStride, b += N * S::kStride, c += N * S::kStride, d += N * S::kStride;
    }
  }
}

template <class T, int N, int kSlots, bool kOnePatch>
__global__ void __launch_bounds__(kThreads, 4) upsample_xent_kernel(const __grid_constant__ Problem<T> p) {
  SEGUE_SHARED(edges, LogitTile::Edge[2][kThreads + 1]);
  const CellTiles& t = p.tiles;
  float* shared = gpu::dynamic_shared<float>();
  const LogitTile logits{shared + p.classes * Slots<kSlots>::kStride, edges[0], edges[1]};
  const int thread = int(threadIdx.x);
  const bool exists = thread < t.cells();
  const int row = exists ? thread / t.cells_x : 0, column = exists ? thread - row * t.cells_x : 0;
  const Slots<kSlots> slots(shared);
  float loss = 0.f;
  bool bad = false;
  for (int64_t index = blockIdx.x; index < t.count(); index += gridDim.x) {
    const CellTile tile(t, index);
    const bool wide = __syncthreads_or(load_tile<kThreads, N>(p.logits, p.pitch, p.classes, t, tile, logits, p.widest));
    if (thread < kSlots) {
      const bool top = tile.y + row == 0, bottom = tile.y + row == t.y.in;
      const bool left = tile.x + column == 0, right = tile.x + column == t.x.in;
      // A cell that the next tile has too counts there.
      const bool counts = exists && (row + 1 < t.cells_y || bottom) && (column + 1 < t.cells_x || right);
      if ((wide || !kOnePatch) && p.dlogits)
        for (int c = 0; c < p.classes; ++c)
          for (int k = 0; k < 4; ++k) slots.corner(c, k) = 0.f;
      for (int down = 0; down < (kOnePatch ? 1 : t.y.patches); ++down)
        for (int across = 0; across < (kOnePatch ? 1 : t.x.patches); ++across) {
          Patch patch(t, logits, row, column, down, across);
          if (!exists) patch.rows = 0;
          const Work<T, kSlots> work(p, patch, tile.image, logits, row * (t.cells_x + 1) + column, slots);
          float sum = wide ? work.careful() : work.template grow<kOnePatch>();
          sum -= work.subtract_labels(!wide);
          if (counts) loss += sum;
          bad |= work.bad();
        }
      if (p.dlogits && (top || bottom || left || right)) slots.fold(p.classes, top, bottom, left, right);
    }
    __syncthreads();
    if (p.dlogits) gather<T, N, kSlots>(p, tile, shared);
  }
  loss = gpu::block_sum<kThreads>(loss);
  if (thread == 0) p.partial[blockIdx.x] = loss;
  gpu::report_bad_labels(bad, p.status);
}

/// The tiles of a launch: as few as fit beside the slots, so that little is computed twice.
CellTiles tiles_for(int64_t images, CellAxis y, CellAxis x, int64_t classes, int64_t slots) {
  const int64_t floats = (slots < kThreads ? 160000 : 110000) / 4;  // for one, or two blocks on a multiprocessor
  return CellTiles(images, y, x, 1, slots, (floats - 4 * slots * classes) / (classes + 1));
}

}  // namespace

void upsample_xent(const CudaExec& exec, const View& logits, const View& labels, const View& weights,
                   const View& class_weights, const View& inv_norm, const View& loss, const View& dlogits,
                   const View& status, const LabelOptions& options) {
  constexpr const char* kName = "upsample_xent";
  gpu::check_pitched(logits, kName, "logits", logits.dtype, logits.shape);
  require(logits.shape.dims() == 4 && labels.shape.dims() == 3 && labels.shape[0] == logits.shape[0] &&
              logits.count() > 0 && labels.count() > 0,
          kName, "expects logits (N,h,w,C) and labels (N,H,W), none empty; got ", logits.shape, " and ", labels.shape);
  const int64_t classes = logits.channels();
  check_label_views(kName, labels, weights, class_weights, inv_norm, status, labels.shape, classes);
  check_view(loss, kName, "loss", DType::f32, {});
  if (dlogits) {
    gpu::check_pitched(dlogits, kName, "dlogits", logits.dtype, logits.shape);
    require(dlogits.pitch == logits.pitch, kName, "expects dlogits at the pitch of the logits, ", logits.pitch,
            "; got ", dlogits.pitch);
  }

  if (logits.shape[1] == labels.shape[1] && logits.shape[2] == labels.shape[2])
    return softmax_xent(exec, logits, labels, weights, class_weights, inv_norm, loss, dlogits, status, options);

  const CellAxis y(logits.shape[1], labels.shape[1]), x(logits.shape[2], labels.shape[2]);
  const bool few = classes <= kMostClasses && logits.pitch % (16 / size_of(logits.dtype)) == 0 &&
                   gpu::aligned16(logits.data, dlogits.data);
  const int64_t slots = few ? kThreads : gpu::kWarp;
  const CellTiles tiles = tiles_for(labels.shape[0], y, x, classes, slots);
  const dim3 grid = gpu::grid_for(tiles.count(), 1);
  const size_t smem = size_t(4 * slots * classes + LogitTile::floats(tiles, classes)) * sizeof(float);
  float* partial = gpu::partial_sums(exec, grid);
  gpu::dispatch_float(logits.dtype, kName, [&](auto zero) {
    using T = decltype(zero);
    const Problem<T> problem{tiles,
                             logits.as<T>(),
                             {labels, weights, class_weights, classes, options.ignore},
                             partial,
                             dlogits ? dlogits.as<T>() : nullptr,
                             status.as<uint32_t>(),
                             int(classes),
                             int(logits.pitch),
                             gpu::widest_gap(tiles)};
    const auto run = [&](auto kernel) {
      gpu::launch(kernel, {.name = kName, .grid = grid, .block = kThreads, .smem = smem, .stream = exec.stream},
                  problem);
    };
    if (!few) return run(upsample_xent_kernel<T, 1, int(gpu::kWarp), false>);
    if (y.patches * x.patches == 1) return run(upsample_xent_kernel<T, gpu::kVector<T>, kThreads, true>);
    run(upsample_xent_kernel<T, gpu::kVector<T>, kThreads, false>);
  });
  gpu::total_of(exec, kName, partial, grid.x, 1.0, inv_norm.as<float>(), loss.as<float>());
}

}  // namespace segue::kernels
