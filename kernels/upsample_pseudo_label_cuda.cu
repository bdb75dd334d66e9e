#include "pseudo_label_views.h"
#include "upsample_growth.cuh"
#include "upsample_pseudo_label.h"

namespace segue::kernels {
namespace {

using gpu::CellTile;
using gpu::CellTiles;
using gpu::Corners;
using gpu::Growth;
using gpu::kLog2E;
using gpu::kPatch;
using gpu::LogitTile;
using gpu::Patch;
using gpu::PatchVote;

using Count = unsigned long long;  // what atomicAdd takes for uint64_t

constexpr int kThreads = 128;

template <class T>
struct Problem {
  CellTiles tiles;
  const T* logits;
  const float* thresholds;
  uint8_t* labels;
  float* confidence;  // or null
  Count* histogram;   // or null
  int bins, classes, pitch;
  float widest;
  bool shared;  // the histogram of a block fits into its shared memory
};

/// sum_c exp(z_c - shift) of the outputs of a patch: that of the exponential, or in `wide` tiles the largest logit.
template <class T>
__device__ __forceinline__ void vote_and_sum(const Problem<T>& p, const Patch& patch,
                                             const gpu::Exponential& exponential, const float* corner, bool wide,
                                             PatchVote& vote, float (&sum)[kPatch][kPatch]) {
  const int width = p.tiles.cells_x + 1, plane = p.tiles.pixels();
  const float* z = corner;
  for (int c = 0; c < p.classes; ++c, z += plane) {
    const Corners at(z, width);
    vote.take(patch, at, c);
    gpu::add_exponentials(exponential.exponents(at), sum);
  }
  if (!wide) return;
#pragma unroll
  for (int i = 0; i < kPatch; ++i)
#pragma unroll
    for (int j = 0; j < kPatch; ++j) sum[i][j] = 0.f;
  z = corner;
  for (int c = 0; c < p.classes; ++c, z += plane)
    patch.resize(Corners(z, width),
                 [&](int i, int j, float v) { sum[i][j] += exp2f(kLog2E * (v - vote.largest[i][j])); });
}

/// Writes the labels and confidences of a patch, and counts them in `histogram`, if that is not null. Neighbours mostly
/// agree, so runs of the same class and bin are added at once.
template <class T, class Histogram>
__device__ __forceinline__ void write_patch(const Problem<T>& p, const Patch& patch, int image, const PatchVote& vote,
                                            const float (&confidence)[kPatch][kPatch], Histogram* histogram) {
  unsigned kept = 0;  // first: all thresholds are read before anything is written
#pragma unroll
  for (int i = 0; i < kPatch; ++i)
#pragma unroll
    for (int j = 0; j < kPatch; ++j)
      kept |= confidence[i][j] >= p.thresholds[vote.winner[i][j]] ? 1u << (kPatch * i + j) : 0u;
  int cell = -1;
  unsigned length = 0;
#pragma unroll
  for (int i = 0; i < kPatch; ++i) {
    const int64_t pixel = (int64_t(image) * p.tiles.y.out + patch.y + i) * p.tiles.x.out + patch.x;
#pragma unroll
    for (int j = 0; j < kPatch; ++j) {
      if (!patch.holds(i, j)) continue;
      const float q = confidence[i][j];
      p.labels[pixel + j] = kept >> (kPatch * i + j) & 1 ? uint8_t(vote.winner[i][j]) : uint8_t(255);
      if (p.confidence) p.confidence[pixel + j] = q;
      if (!histogram || !(q >= 0.f)) continue;
      const int here = vote.winner[i][j] * p.bins + min(int(q * float(p.bins)), p.bins - 1);
      if (here != cell) {
        if (length) atomicAdd(&histogram[cell], Histogram(length));
        cell = here, length = 0;
      }
      ++length;
    }
  }
  if (length) atomicAdd(&histogram[cell], Histogram(length));
}

template <class T, int N>
__global__ void __launch_bounds__(kThreads, 4) upsample_pseudo_label_kernel(const __grid_constant__ Problem<T> p) {
  SEGUE_SHARED(edges, LogitTile::Edge[2][kThreads + 1]);
  const CellTiles& t = p.tiles;
  const int thread = int(threadIdx.x), cells = p.classes * p.bins;
  const LogitTile logits{gpu::dynamic_shared<float>(), edges[0], edges[1]};
  unsigned* histogram = reinterpret_cast<unsigned*>(logits.z + LogitTile::floats(t, p.classes));
  if (p.shared)
    for (int i = thread; i < cells; i += kThreads) histogram[i] = 0;
  const int row = thread / t.cells_x, column = thread - row * t.cells_x;
  for (int64_t index = blockIdx.x; index < t.count(); index += gridDim.x) {
    const CellTile tile(t, index);
    const bool wide =
        __syncthreads_or(gpu::load_tile<kThreads, N>(p.logits, p.pitch, p.classes, t, tile, logits, p.widest));
    if (thread < t.cells())
      for (int k = 0; k < t.y.patches * t.x.patches; ++k) {
        const Patch patch(t, logits, row, column, k / t.x.patches, k % t.x.patches);
        if (!patch.mask()) continue;
        const float* corner = logits.z + row * (t.cells_x + 1) + column;
        const gpu::Exponential exponential(patch, Corners(corner + p.classes * t.pixels(), t.cells_x + 1));
        PatchVote vote;
        float q[kPatch][kPatch] = {};
        vote_and_sum(p, patch, exponential, corner, wide, vote, q);
#pragma unroll
        for (int i = 0; i < kPatch; ++i)
#pragma unroll
          for (int j = 0; j < kPatch; ++j) {
            const float power = wide ? 1.f : exponential.at(i, j, vote.largest[i][j]);
            const float share = __fdividef(power, q[i][j]);
            q[i][j] = share > 1.f ? 1.f : share;  // a NaN stays
          }
        if (p.shared)
          write_patch(p, patch, tile.image, vote, q, histogram);
        else
          write_patch(p, patch, tile.image, vote, q, p.histogram);
      }
    __syncthreads();  // before the next tile is loaded, or the counts are read
  }
  if (!p.shared) return;
  for (int i = thread; i < cells; i += kThreads)
    if (histogram[i]) atomicAdd(&p.histogram[i], Count(histogram[i]));
}

}  // namespace

void upsample_pseudo_label(const CudaExec& exec, const View& logits, const View& thresholds, const View& labels,
                           const View& confidence, const View& histogram) {
  constexpr const char* kName = "upsample_pseudo_label";
  gpu::check_upsample(kName, logits, labels);
  const int64_t classes = logits.channels();
  const PseudoLabelViews result(kName, classes, labels.shape, thresholds, labels, confidence, histogram);
  if (labels.count() == 0) return;
  // The histogram of a block takes no more memory than its logits, or is left out.
  constexpr int64_t kSharedFloats = 12000;
  const int64_t cells = classes * result.bins;
  const bool shared = cells > 0 && cells <= kSharedFloats / 2;
  const int64_t pixels = (kSharedFloats - (shared ? cells : 0)) / (classes + 1);
  const CellTiles tiles(labels.shape[0], {logits.shape[1], labels.shape[1]}, {logits.shape[2], labels.shape[2]}, 0,
                        kThreads, pixels);
  const dim3 grid = gpu::grid_for(tiles.count(), 1);
  const size_t smem = size_t(LogitTile::floats(tiles, classes) + (shared ? cells : 0)) * sizeof(float);
  gpu::dispatch_float(logits.dtype, kName, [&](auto zero) {
    using T = decltype(zero);
    const Problem<T> problem{tiles,
                             logits.as<T>(),
                             result.thresholds,
                             result.labels,
                             result.confidence,
                             reinterpret_cast<Count*>(result.histogram),
                             int(result.bins),
                             int(classes),
                             int(logits.pitch),
                             gpu::widest_gap(tiles),
                             shared};
    constexpr int N = gpu::kVector<T>;
    const bool packed = logits.pitch % N == 0 && gpu::aligned16(logits.data);
    gpu::launch(packed ? upsample_pseudo_label_kernel<T, N> : upsample_pseudo_label_kernel<T, 1>,
                {.name = kName, .grid = grid, .block = kThreads, .smem = smem, .stream = exec.stream}, problem);
  });
}

}  // namespace segue::kernels
