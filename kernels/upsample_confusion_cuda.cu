#include "patch_labels.cuh"
#include "upsample_confusion.h"

namespace segue::kernels {
namespace {

using gpu::CellTile;
using gpu::CellTiles;
using gpu::Corners;
using gpu::kPatch;
using gpu::LogitTile;
using gpu::Patch;
using gpu::PatchLabels;
using gpu::PatchVote;

using Count = unsigned long long;  // what atomicAdd takes for uint64_t

constexpr int kThreads = 128;

template <class T>
struct Problem {
  CellTiles tiles;
  const T* logits;
  gpu::PixelLabels labels;
  Count* matrix;
  uint8_t* predictions;  // or null
  uint32_t* status;
  int classes, pitch;
  bool shared;  // the matrix of a block fits into its shared memory
};

/// Counts one patch into `matrix`. Neighbours mostly agree, so runs of the same pair are added at once.
template <class T, class Histogram>
__device__ __forceinline__ void count_patch(const Problem<T>& p, const PatchVote& vote, const PatchLabels& labels,
                                            Histogram* matrix) {
  int cell = -1;
  unsigned length = 0;
#pragma unroll
  for (int i = 0; i < kPatch; ++i)
#pragma unroll
    for (int j = 0; j < kPatch; ++j) {
      const int k = kPatch * i + j;
      if (!(labels.counted() >> k & 1)) continue;
      const int here = labels.label(k) * p.classes + vote.winner[i][j];
      if (here != cell) {
        if (length) atomicAdd(&matrix[cell], Histogram(length));
        cell = here, length = 0;
      }
      ++length;
    }
  if (length) atomicAdd(&matrix[cell], Histogram(length));
}

template <class T, int N>
__global__ void __launch_bounds__(kThreads, 4) upsample_confusion_kernel(const __grid_constant__ Problem<T> p) {
  SEGUE_SHARED(edges, LogitTile::Edge[2][kThreads + 1]);
  const CellTiles& t = p.tiles;
  const int thread = int(threadIdx.x), cells = p.classes * p.classes;
  const LogitTile logits{gpu::dynamic_shared<float>(), edges[0], edges[1]};
  unsigned* matrix = reinterpret_cast<unsigned*>(logits.z + p.classes * t.pixels());
  if (p.shared)
    for (int i = thread; i < cells; i += kThreads) matrix[i] = 0;
  const int row = thread / t.cells_x, column = thread - row * t.cells_x;
  bool bad = false;
  for (int64_t index = blockIdx.x; index < t.count(); index += gridDim.x) {
    const CellTile tile(t, index);
    gpu::load_tile<kThreads, N, false>(p.logits, p.pitch, p.classes, t, tile, logits);
    __syncthreads();
    if (thread < t.cells())
      for (int k = 0; k < t.y.patches * t.x.patches; ++k) {
        const Patch patch(t, logits, row, column, k / t.x.patches, k % t.x.patches);
        if (!patch.mask()) continue;
        const PatchLabels labels(p.labels, t, patch, tile.image);
        PatchVote vote;
        const float* z = logits.z + row * (t.cells_x + 1) + column;
        for (int c = 0; c < p.classes; ++c, z += t.pixels()) vote.take(patch, Corners(z, t.cells_x + 1), c);
        if (p.shared)
          count_patch(p, vote, labels, matrix);
        else
          count_patch(p, vote, labels, p.matrix);
        bad |= labels.bad();
        if (!p.predictions) continue;
#pragma unroll
        for (int i = 0; i < kPatch; ++i)
#pragma unroll
          for (int j = 0; j < kPatch; ++j)
            if (patch.holds(i, j)) p.predictions[labels.pixel(i, j)] = uint8_t(vote.winner[i][j]);
      }
    __syncthreads();  // before the next tile is loaded, or the counts are read
  }
  if (p.shared)
    for (int i = thread; i < cells; i += kThreads)
      if (matrix[i]) atomicAdd(&p.matrix[i], Count(matrix[i]));
  gpu::report_bad_labels(bad, p.status);
}

}  // namespace

void upsample_confusion(const CudaExec& exec, const View& logits, const View& labels, const View& matrix,
                        const View& predictions, const View& status, int ignore) {
  constexpr const char* kName = "upsample_confusion";
  gpu::check_upsample(kName, logits, labels);
  const int64_t classes = logits.channels();
  require(classes >= 1 && classes <= 256, kName, "expects 1 to 256 classes; got ", classes);
  require(ignore >= -1 && ignore <= 255, kName, "expects ignore in -1 .. 255; got ", ignore);
  check_view(matrix, kName, "matrix", DType::u64, {classes, classes});
  check_view(status, kName, "status", DType::u32, {});
  if (predictions) check_view(predictions, kName, "predictions", DType::u8, labels.shape);
  if (labels.count() == 0) return;

  // The matrix of a block takes the memory of a third of its logits at most, or is left out.
  constexpr int64_t kSharedFloats = 12000;
  const int64_t cells = classes * classes;
  const bool shared = cells <= kSharedFloats / 4;
  const int64_t pixels = (kSharedFloats - (shared ? cells : 0)) / classes;
  const CellTiles tiles(labels.shape[0], {logits.shape[1], labels.shape[1]}, {logits.shape[2], labels.shape[2]}, 0,
                        kThreads, pixels);
  const dim3 grid = gpu::grid_for(tiles.count(), 1);
  const size_t smem = size_t(classes * tiles.pixels() + (shared ? cells : 0)) * sizeof(float);
  gpu::dispatch_float(logits.dtype, kName, [&](auto zero) {
    using T = decltype(zero);
    const Problem<T> problem{tiles,
                             logits.as<T>(),
                             {labels, View(), View(), classes, ignore},
                             reinterpret_cast<Count*>(matrix.as<uint64_t>()),
                             predictions ? predictions.as<uint8_t>() : nullptr,
                             status.as<uint32_t>(),
                             int(classes),
                             int(logits.pitch),
                             shared};
    constexpr int N = gpu::kVector<T>;
    const bool packed = logits.pitch % N == 0 && gpu::aligned16(logits.data);
    gpu::launch(packed ? upsample_confusion_kernel<T, N> : upsample_confusion_kernel<T, 1>,
                {.name = kName, .grid = grid, .block = kThreads, .smem = smem, .stream = exec.stream}, problem);
  });
}

}  // namespace segue::kernels
