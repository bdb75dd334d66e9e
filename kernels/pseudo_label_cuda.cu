#include "class_lanes.cuh"
#include "pseudo_label.h"
#include "pseudo_label_views.h"

namespace segue::kernels {
namespace {

using Count = unsigned long long;  // what atomicAdd takes for uint64_t

/// Where confidences are counted: straight in the result, or in counters of the block in shared memory first, if they
/// fit there.
struct Histogram {
  Count* counts;  // or null
  int64_t bins, cells;
  bool shared;
};

// confidence may be null.
template <class L>
__global__ void __launch_bounds__(gpu::kClassThreads)
    pseudo_label_kernel(const typename L::Type* x, const float* thresholds, uint8_t* labels, float* confidence,
                        Histogram histogram, int64_t pixels, int pitch, int classes) {
  unsigned* counters = histogram.shared ? gpu::dynamic_shared<unsigned>() : nullptr;
  if (histogram.shared) {
    for (int i = int(threadIdx.x); i < int(histogram.cells); i += gpu::kClassThreads) counters[i] = 0;
    __syncthreads();
  }
  gpu::for_pixels<L>(pixels, [&](gpu::ClassPlace<L> place) {
    float z[L::kValues];
    gpu::read_logits(x, pitch, classes, place, z);
    const float top = gpu::class_max<L>(z);
    int winner = classes;
#pragma unroll
    for (int i = L::kValues - 1; i >= 0; --i)
      if (z[i] == top) winner = place.index(i);
    winner = gpu::group_min<L::kGroup>(winner);
    const float q = 1.f / gpu::softmax_sum<L>(z, top, classes, place);  // a NaN is nowhere the largest, but gets here
    if (!place.active || place.lane != 0) return;
    labels[place.pixel] = q >= thresholds[min(winner, classes - 1)] ? uint8_t(winner) : uint8_t(255);
    if (confidence) confidence[place.pixel] = q;
    if (!histogram.counts || !(q >= 0.f)) return;
    const int64_t bin = min(int64_t(q * float(histogram.bins)), histogram.bins - 1);
    const int64_t cell = winner * histogram.bins + bin;
    if (histogram.shared)
      atomicAdd(&counters[cell], 1u);
    else
      atomicAdd(&histogram.counts[cell], Count(1));
  });
  if (!histogram.shared) return;
  __syncthreads();
  for (int i = int(threadIdx.x); i < int(histogram.cells); i += gpu::kClassThreads)
    if (counters[i]) atomicAdd(&histogram.counts[i], Count(counters[i]));
}

}  // namespace

void pseudo_label(const CudaExec& exec, const View& logits, const View& thresholds, const View& labels,
                  const View& confidence, const View& histogram) {
  check_pitched(logits, "pseudo_label", "logits", logits.dtype, logits.shape);
  require(logits.shape.dims() >= 2, "pseudo_label", "expects logits (P,C) or (N,H,W,C); got ", logits.shape);
  const int64_t pixels = logits.pixels(), classes = logits.channels();
  Shape shape;
  for (int i = 0; i + 1 < logits.shape.dims(); ++i) shape.push(logits.shape[i]);
  const PseudoLabelViews result("pseudo_label", classes, shape, thresholds, labels, confidence, histogram);
  if (pixels == 0) return;
  constexpr size_t kSharedBytes = 48 * 1024;
  constexpr int64_t kRounds = 8;  // at least: what a block has counted costs as much as many pixels
  const int64_t cells = classes * result.bins;
  const size_t bytes = size_t(cells) * sizeof(unsigned);
  const Histogram counted{reinterpret_cast<Count*>(result.histogram), result.bins, cells,
                          cells > 0 && bytes <= kSharedBytes};
  gpu::dispatch_classes<1, 32>(logits, "pseudo_label", [&](auto layout) {
    using L = decltype(layout);
    gpu::LaunchConfig config = gpu::class_config<L>("pseudo_label", exec.stream, pixels);
    if (counted.shared) {
      config.grid = gpu::grid_for(pixels, kRounds * L::kPixelsPerBlock);
      config.smem = bytes;
    }
    gpu::launch(pseudo_label_kernel<L>, config, logits.as<typename L::Type>(), result.thresholds, result.labels,
                result.confidence, counted, pixels, int(logits.pitch), int(classes));
  });
}

}  // namespace segue::kernels
