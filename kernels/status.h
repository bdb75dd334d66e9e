// The status word: how a kernel reports bad data without stopping the device.
#pragma once

#include <cstdint>

namespace segue {

/// Bits of the status word, a u32 () in device memory. Kernels only set bits; Context::check_status reads and clears.
enum StatusBit : uint32_t {
  kStatusBadLabel = 1,  ///< a label that is neither a class nor `ignore`
};

}  // namespace segue
