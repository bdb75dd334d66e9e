// What the CUDA driver says about this machine, asked at run time: the program needs neither the toolkit nor a driver.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace segue {

struct CudaDevice {
  std::string name;
  int major = 0, minor = 0;  ///< compute capability
  uint64_t memory_bytes = 0;
};

struct CudaDriver {
  bool found = false;
  int version = 0;      ///< 12040 for CUDA 12.4: the newest that the driver serves
  std::string problem;  ///< why there are no devices, if there are none
  std::vector<CudaDevice> devices;
};

/// Never throws for a missing or broken driver: that is what `problem` is for.
CudaDriver cuda_driver();

}  // namespace segue
