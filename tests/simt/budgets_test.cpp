// What scripts/check_budgets takes for granted: CUDA's rules of occupancy, and the dynamic shared memory of launches, against the
// toolkit's calculator and against launches at the sizes of training. The registers themselves come from the compiler.
#include <cuda_occupancy.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "kernels/confusion.h"
#include "kernels/upsample_confusion.h"
#include "kernels/upsample_pseudo_label.h"
#include "kernels/upsample_xent.h"
#include "simt.h"
#include "tests/check_case.h"

namespace segue {
namespace {

using cases::Buffer;

struct Budget {
  std::string kernel;
  int threads = 0, registers[3] = {};
  size_t shared_bytes = 0, dynamic_bytes = 0;
  double percent[3] = {};
};

std::vector<Budget> budgets() {
  std::ifstream file(SEGUE_SOURCE_DIR "/bench/budgets.txt");
  std::vector<Budget> all;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    Budget b;
    words >> b.kernel >> b.threads >> b.shared_bytes >> b.dynamic_bytes >> b.registers[0] >> b.registers[1] >>
        b.registers[2] >> b.percent[0] >> b.percent[1] >> b.percent[2];
    if (words) all.push_back(b);
  }
  return all;
}

/// What the calculator wants to know of a device: CUDA's programming guide, "Technical specifications per compute capability".
cudaOccDeviceProp device(int major, size_t shared_bytes) {
  cudaOccDeviceProp p;
  p.computeMajor = major;
  p.computeMinor = 0;
  p.maxThreadsPerBlock = 1024;
  p.maxThreadsPerMultiprocessor = 2048;
  p.regsPerBlock = 65536;
  p.regsPerMultiprocessor = 65536;
  p.warpSize = 32;
  p.sharedMemPerBlock = 48 * 1024;
  p.sharedMemPerBlockOptin = shared_bytes - 1024;
  p.sharedMemPerMultiprocessor = shared_bytes;
  p.reservedSharedMemPerBlock = 1024;
  p.numSms = 132;
  return p;
}

// A kernel with the registers and the memory of its budget fills as much as its budget says, or less: occupancy is that of the worst
// instance, and one instance may have the registers and another the memory.
TEST(Budgets, OccupancyIsThatOfTheToolkit) {
  const std::vector<Budget> all = budgets();
  ASSERT_GT(all.size(), 50u);
  const cudaOccDeviceProp devices[] = {device(8, 164 * 1024), device(9, 228 * 1024), device(10, 228 * 1024)};
  int exact = 0;
  for (const Budget& b : all)
    for (int i = 0; i < 3; ++i) {
      cudaOccFuncAttributes kernel;
      kernel.maxThreadsPerBlock = b.threads;
      kernel.numRegs = b.registers[i];
      kernel.sharedSizeBytes = b.shared_bytes;
      kernel.partitionedGCConfig = PARTITIONED_GC_OFF;
      kernel.shmemLimitConfig = FUNC_SHMEM_LIMIT_OPTIN;
      kernel.maxDynamicSharedSizeBytes = size_t(227) * 1024;
      kernel.numBlockBarriers = 1;
      cudaOccDeviceState state;
      state.carveoutConfig = SHAREDMEM_CARVEOUT_MAX_SHARED;
      cudaOccResult result{};
      ASSERT_EQ(
          cudaOccMaxActiveBlocksPerMultiprocessor(&result, &devices[i], &kernel, &state, b.threads, b.dynamic_bytes),
          CUDA_OCC_SUCCESS)
          << b.kernel;
      const double percent = 100.0 * result.activeBlocksPerMultiprocessor * ((b.threads + 31) / 32) / 64;
      EXPECT_LE(percent, b.percent[i] + 0.01) << b.kernel << ", device " << i << ": the worst case of all instances";
      exact += std::abs(percent - b.percent[i]) < 0.01;
    }
  EXPECT_GE(exact, int(3 * all.size()) - 12)
      << "few kernels have their registers in one instance and their memory in another";
}

TEST(Budgets, DynamicSharedMemoryIsThatOfLaunches) {
  std::map<std::string, size_t> budget;
  for (const Budget& b : budgets()) budget[b.kernel] = b.dynamic_bytes;
  const auto last = [] { return simt::stats().dynamic_shared_bytes; };
  // 19 classes, a factor of 4, more than a tile each way.
  const Shape low{1, 24, 48, 19}, high{1, 96, 192};
  Buffer logits(cases::uniform(low, -3, 3), DType::bf16, 24), dlogits(low, DType::bf16, 24), labels(high, DType::u8),
      norm(Shape{}, DType::f32), loss(Shape{}, DType::f32), status(Shape{}, DType::u32),
      matrix(Shape{19, 19}, DType::u64), thresholds(Shape{19}, DType::f32), predicted(high, DType::u8),
      histogram(Shape{19, 1000}, DType::u64);
  testing::HostScratch scratch;
  const CudaExec exec{.scratch = &scratch};
  kernels::upsample_xent(exec, logits.view(), labels.view(), {}, {}, norm.view(), loss.view(), dlogits.view(),
                         status.view(), {});
  std::map<std::string, size_t> got;
  got["upsample_xent_kernel"] = last();
  kernels::upsample_confusion(exec, logits.view(), labels.view(), matrix.view(), {}, status.view(), 255);
  got["upsample_confusion_kernel"] = last();
  kernels::upsample_pseudo_label(exec, logits.view(), thresholds.view(), predicted.view(), {}, histogram.view());
  got["upsample_pseudo_label_kernel"] = last();
  kernels::confusion(exec, predicted.view(), labels.view(), matrix.view(), status.view(), 255);
  got["confusion_shared_kernel"] = last();
  for (const auto& [kernel, bytes] : got) EXPECT_EQ(budget[kernel], bytes) << kernel;
}

}  // namespace
}  // namespace segue
