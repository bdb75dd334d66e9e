#include "confusion.h"
#include "device.cuh"
#include "status.h"

namespace segue::kernels {
namespace {

using Count = unsigned long long;  // what atomicAdd takes for uint64_t

constexpr int kThreads = 256;
constexpr int kPixelsPerThread = 16;  // one 16-byte load of each operand
constexpr int kLoadsPerBlock = 16;    // at least: a block's histogram costs as much as many pixels

/// Pairs of one thread on their way to a histogram. Neighbouring pixels mostly agree, so runs are added at once; this
/// is also what keeps the lanes of a warp from queueing at one counter.
template <class Histogram>
struct Runs {
  Histogram* histogram;
  int classes, ignore;
  int cell = -1;
  unsigned length = 0;
  bool bad = false;

  __device__ __forceinline__ void add(unsigned label, unsigned prediction) {
    if (int(label) == ignore) return;
    if (int(label) >= classes || int(prediction) >= classes) {
      bad = true;
      return;
    }
    const int here = int(label) * classes + int(prediction);
    if (here != cell) flush(), cell = here;
    ++length;
  }
  __device__ __forceinline__ void flush() {
    if (length) atomicAdd(&histogram[cell], Histogram(length));
    length = 0;
  }
};

template <class Histogram>
__device__ __forceinline__ bool count_pairs(const uint8_t* predictions, const uint8_t* labels, Histogram* histogram,
                                            int64_t count, int classes, int ignore, bool packed) {
  Runs<Histogram> runs{histogram, classes, ignore};
  const int64_t first = int64_t(blockIdx.x) * kThreads + threadIdx.x, stride = int64_t(gridDim.x) * kThreads;
  const int64_t packs = packed ? count / kPixelsPerThread : 0;
  for (int64_t i = first; i < packs; i += stride) {
    const auto p = gpu::load<kPixelsPerThread>(predictions + i * kPixelsPerThread);
    const auto t = gpu::load<kPixelsPerThread>(labels + i * kPixelsPerThread);
#pragma unroll
    for (int j = 0; j < kPixelsPerThread; ++j) runs.add(t.v[j], p.v[j]);
  }
  for (int64_t i = packs * kPixelsPerThread + first; i < count; i += stride) runs.add(labels[i], predictions[i]);
  runs.flush();
  return runs.bad;
}

// For few classes: a histogram of the block in shared memory, then one addition a cell and block.
__global__ void __launch_bounds__(kThreads)
    confusion_shared_kernel(const uint8_t* predictions, const uint8_t* labels, Count* matrix, unsigned* status,
                            int64_t count, int classes, int ignore, bool packed) {
  unsigned* histogram = gpu::dynamic_shared<unsigned>();
  for (int i = int(threadIdx.x); i < classes * classes; i += kThreads) histogram[i] = 0;
  __syncthreads();
  const bool bad = count_pairs(predictions, labels, histogram, count, classes, ignore, packed);
  const bool any_bad = __syncthreads_or(bad);
  for (int i = int(threadIdx.x); i < classes * classes; i += kThreads)
    if (histogram[i]) atomicAdd(&matrix[i], Count(histogram[i]));
  if (any_bad && threadIdx.x == 0) atomicOr(status, unsigned(kStatusBadLabel));
}

// For many classes: straight into the matrix.
__global__ void __launch_bounds__(kThreads)
    confusion_direct_kernel(const uint8_t* predictions, const uint8_t* labels, Count* matrix, unsigned* status,
                            int64_t count, int classes, int ignore, bool packed) {
  const bool bad = count_pairs(predictions, labels, matrix, count, classes, ignore, packed);
  if (__syncthreads_or(bad) && threadIdx.x == 0) atomicOr(status, unsigned(kStatusBadLabel));
}

}  // namespace

void confusion(const CudaExec& exec, const View& predictions, const View& labels, const View& matrix,
               const View& status, int ignore) {
  check_dense(predictions, "confusion", "predictions", DType::u8);
  check_view(labels, "confusion", "labels", DType::u8, predictions.shape);
  const int64_t classes = matrix.channels();
  require(classes >= 1 && classes <= 256, "confusion", "expects 1 to 256 classes; got a matrix of ", matrix.shape);
  check_view(matrix, "confusion", "matrix", DType::u64, Shape{classes, classes});
  check_view(status, "confusion", "status", DType::u32, Shape{});
  require(ignore >= -1 && ignore <= 255, "confusion", "expects ignore in -1 .. 255; got ", ignore);
  const int64_t count = predictions.count();
  if (count == 0) return;

  const auto *p = predictions.as<uint8_t>(), *t = labels.as<uint8_t>();
  auto* m = reinterpret_cast<Count*>(matrix.as<uint64_t>());
  constexpr size_t kSharedBytes = 48 * 1024;
  const size_t bytes = size_t(classes * classes) * sizeof(unsigned);
  const bool shared = bytes <= kSharedBytes;
  // A block's counters have 32 bits, which the second term keeps from overflowing.
  const int64_t pixels_per_block = int64_t(kThreads) * kPixelsPerThread * kLoadsPerBlock;
  dim3 grid = gpu::grid_for(count, pixels_per_block);
  grid.x = unsigned(std::max<int64_t>(grid.x, count >> 31));
  gpu::launch(shared ? confusion_shared_kernel : confusion_direct_kernel,
              {.name = "confusion", .grid = grid, .block = kThreads, .smem = shared ? bytes : 0, .stream = exec.stream},
              p, t, m, status.as<uint32_t>(), count, int(classes), ignore, gpu::aligned16(p, t));
}

}  // namespace segue::kernels
