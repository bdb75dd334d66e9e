#if defined(SEGUE_WITH_CUBLAS)
#include <cublas_v2.h>
#endif

#include <algorithm>
#include <vector>

#include "bench/cuda_handles.cuh"
#include "bench/device_bench.h"
#include "kernels/device.cuh"

namespace segue::bench {
namespace {

constexpr int kThreads = 256;

__global__ void __launch_bounds__(kThreads) copy_kernel(const float* from, float* to, int64_t packs) {
  const int64_t stride = int64_t(gridDim.x) * kThreads;
  for (int64_t i = int64_t(blockIdx.x) * kThreads + threadIdx.x; i < packs; i += stride)
    gpu::store(to + i * 4, gpu::load<4>(from + i * 4));
}

// Not zeros: a device runs faster on those.
__global__ void __launch_bounds__(kThreads) noise_kernel(__nv_bfloat16* p, uint32_t count, uint32_t salt) {
  for (uint32_t i = blockIdx.x * kThreads + threadIdx.x; i < count; i += gridDim.x * kThreads) {
    uint32_t h = (i ^ salt) * 0x9E3779B1u;
    h = (h ^ (h >> 15)) * 0x85EBCA77u;
    h ^= h >> 13;
    p[i] = __float2bfloat16_rn(float(h & 0xffffu) / 32768.f - 1.f);
  }
}

template <class F>
double median_ms(cudaStream_t stream, int runs, F&& queue) {
  StreamTimer timer(stream);
  for (int i = 0; i < 3; ++i) queue();
  std::vector<double> ms;
  for (int i = 0; i < runs; ++i) ms.push_back(timer.ms(queue));
  std::nth_element(ms.begin(), ms.begin() + ms.size() / 2, ms.end());
  return ms[ms.size() / 2];
}

double copy_rate(cudaStream_t stream) {
  constexpr int64_t kBytes = int64_t(1) << 30, kPacks = kBytes / 16;
  const DeviceMemory from = device_memory(kBytes), to = device_memory(kBytes);
  check_cuda(cudaMemsetAsync(from.get(), 0x3c, kBytes, stream), "filling memory");
  const double ms = median_ms(stream, 20, [&] {
    gpu::launch(copy_kernel,
                {.name = "copy rate", .grid = gpu::grid_for(kPacks, kThreads), .block = kThreads, .stream = stream},
                reinterpret_cast<const float*>(from.get()), reinterpret_cast<float*>(to.get()), kPacks);
  });
  return 2.0 * double(kBytes) / (ms * 1e-3);
}

#if defined(SEGUE_WITH_CUBLAS)
void check_cublas(cublasStatus_t s, const char* what) {
  if (s != CUBLAS_STATUS_SUCCESS)
    fail(Fault::device, "bench", "expects ", what, " to succeed; got ", cublasGetStatusString(s));
}

double matmul_rate(cudaStream_t stream) {
  constexpr int kSize = 8192;
  constexpr size_t kBytes = size_t(kSize) * kSize * 2, kWorkspaceBytes = size_t(32) << 20;
  DeviceMemory m[3] = {device_memory(kBytes), device_memory(kBytes), device_memory(kBytes)};
  const DeviceMemory workspace = device_memory(kWorkspaceBytes);
  for (uint32_t i = 0; i < 2; ++i)
    gpu::launch(noise_kernel, {.name = "noise", .grid = 2048, .block = kThreads, .stream = stream},
                reinterpret_cast<__nv_bfloat16*>(m[i].get()), uint32_t(kSize) * kSize, i + 1);
  cublasHandle_t created = nullptr;
  check_cublas(cublasCreate(&created), "creating a handle of cuBLAS");
  const std::unique_ptr<std::remove_pointer_t<cublasHandle_t>, Freed<cublasDestroy>> handle(created);
  check_cublas(cublasSetStream(handle.get(), stream), "setting the stream");
  check_cublas(cublasSetWorkspace(handle.get(), workspace.get(), kWorkspaceBytes), "setting the workspace");
  const float one = 1, zero = 0;
  const double ms = median_ms(stream, 20, [&] {
    check_cublas(cublasGemmEx(handle.get(), CUBLAS_OP_N, CUBLAS_OP_N, kSize, kSize, kSize, &one, m[0].get(),
                              CUDA_R_16BF, kSize, m[1].get(), CUDA_R_16BF, kSize, &zero, m[2].get(), CUDA_R_16BF, kSize,
                              CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT),
                 "a matrix product");
  });
  return 2.0 * double(kSize) * kSize * kSize / (ms * 1e-3);
}
#else
double matmul_rate(cudaStream_t) { return 0; }
#endif

}  // namespace

DeviceRates measure_rates() {
  const Stream stream = make_stream();
  DeviceRates rates;
  rates.copy_bytes_per_s = copy_rate(stream.get());
  rates.flops_per_s = matmul_rate(stream.get());
  return rates;
}

}  // namespace segue::bench
