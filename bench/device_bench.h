// Times cases on a CUDA device.
#pragma once

#include <memory>
#include <string>

#include "tests/cases/cases.h"

namespace segue::bench {

struct DeviceInfo {
  std::string name;
  int64_t l2_bytes = 0, memory_bytes = 0;
  int multiprocessors = 0, driver = 0, runtime = 0;
};
/// Throws device without one.
DeviceInfo device_info();

/// What the device reaches, measured: every rate of a kernel is a share of these.
struct DeviceRates {
  double copy_bytes_per_s = 0;  ///< bytes read and written by a plain copy of 1 GiB
  double flops_per_s = 0;       ///< of a product of 8192 x 8192 matrices in bf16 by cuBLAS; 0 without cuBLAS
};
DeviceRates measure_rates();

/// A case with its operands on the device, in so many copies that a launch finds nothing of its own in the L2 cache.
class DeviceCase {
 public:
  explicit DeviceCase(const cases::Case& k);
  ~DeviceCase();
  DeviceCase(const DeviceCase&) = delete;
  DeviceCase& operator=(const DeviceCase&) = delete;

  /// Milliseconds of a launch, the mean over a graph of launches that takes some milliseconds. Times of very short
  /// kernels hold what the device needs between two nodes of a graph, about a microsecond.
  double sample_ms();
  /// A warm-up, then one launch between cudaProfilerStart and cudaProfilerStop.
  void once();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace segue::bench
