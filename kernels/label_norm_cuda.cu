#include "label_norm.h"
#include "label_reader.cuh"
#include "partial_sums.cuh"

namespace segue::kernels {
namespace {

constexpr int kThreads = 256;
constexpr int kLabelsPerLoad = 16;
constexpr int kLabelsPerBlock = kThreads * kLabelsPerLoad;

// How many labels are classes: a block meets fewer than 2^24, whole numbers that f32 holds.
__global__ void __launch_bounds__(kThreads) label_count_kernel(const uint8_t* labels, float* partial, uint32_t* status,
                                                               int64_t count, int classes, int ignore, bool packed) {
  const int64_t first = int64_t(blockIdx.x) * kThreads + threadIdx.x, stride = int64_t(gridDim.x) * kThreads;
  const int64_t packs = packed ? count / kLabelsPerLoad : 0;
  int good = 0;
  bool bad = false;
  const auto look = [&](int label) {
    if (label == ignore) return;
    if (label < classes)
      ++good;
    else
      bad = true;
  };
  for (int64_t i = first; i < packs; i += stride) {
    const auto pack = gpu::load<kLabelsPerLoad>(labels + i * kLabelsPerLoad);
#pragma unroll
    for (int j = 0; j < kLabelsPerLoad; ++j) look(pack.v[j]);
  }
  for (int64_t i = packs * kLabelsPerLoad + first; i < count; i += stride) look(labels[i]);
  const float sum = gpu::block_sum<kThreads>(float(good));
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
  gpu::report_bad_labels(bad, status);
}

// The sum of their weights.
__global__ void __launch_bounds__(kThreads)
    label_weight_kernel(gpu::PixelLabels labels, float* partial, uint32_t* status, int64_t count) {
  const int64_t stride = int64_t(gridDim.x) * kThreads;
  float sum = 0.f;
  bool bad = false;
#pragma unroll 4
  for (int64_t i = int64_t(blockIdx.x) * kThreads + threadIdx.x; i < count; i += stride)
    sum += labels.read(i, bad).weight;
  sum = gpu::block_sum<kThreads>(sum);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
  gpu::report_bad_labels(bad, status);
}

// One block: adds the partial sums, always in the same order. `all` is the norm if it is not 0.
__global__ void __launch_bounds__(kThreads)
    label_norm_kernel(const float* partial, int count, double all, float* inv_norm) {
  double sum = 0;
  for (int i = int(threadIdx.x); i < count; i += kThreads) sum += double(partial[i]);
  sum = gpu::block_sum<kThreads>(sum);
  const double norm = all != 0 ? all : sum;
  if (threadIdx.x == 0) *inv_norm = norm != 0 ? float(1 / norm) : 0.f;
}

}  // namespace

void label_norm(const CudaExec& exec, const View& labels, const View& weights, const View& class_weights,
                const View& inv_norm, const View& status, int64_t classes, const LabelOptions& options) {
  check_label_views("label_norm", labels, weights, class_weights, inv_norm, status, labels.shape, classes);
  const int64_t count = labels.count();
  const bool weighted = options.normalizer == Normalizer::weights && (weights || class_weights);
  const auto launch = [&](auto kernel, dim3 grid, auto... arguments) {
    gpu::launch(kernel, {.name = "label_norm", .grid = grid, .block = kThreads, .stream = exec.stream}, arguments...);
  };
  // Few partial sums: labels are a byte, so a block reads little otherwise.
  const dim3 grid = gpu::grid_for(count, weighted ? 4 * kThreads : kLabelsPerBlock);
  float* partial = gpu::partial_sums(exec, grid);
  if (weighted)
    launch(label_weight_kernel, grid, gpu::PixelLabels(labels, weights, class_weights, classes, options.ignore),
           partial, status.as<uint32_t>(), count);
  else
    launch(label_count_kernel, grid, labels.as<uint8_t>(), partial, status.as<uint32_t>(), count, int(classes),
           options.ignore, gpu::aligned16(labels.data));
  launch(label_norm_kernel, dim3(1), partial, int(grid.x), options.normalizer == Normalizer::all ? double(count) : 0.0,
         inv_norm.as<float>());
}

}  // namespace segue::kernels
