// The machine that this process runs on.
#pragma once

#include <cstdint>
#include <string>

namespace segue {

/// The model of the CPU; "" if the system does not say.
std::string cpu_model();
/// "sse4.2 avx avx2 fma": the instruction sets that matter here and that the CPU has.
std::string cpu_flags();
/// Processors that this process may use.
int usable_processors();
/// Threads of the CPU kernels.
int cpu_threads();
std::string host_name();

struct MachineMemory {
  uint64_t total_bytes = 0;      ///< of the machine
  uint64_t available_bytes = 0;  ///< 0: unknown
  uint64_t limit_bytes = 0;      ///< what this process may have of it: less in a container
};
MachineMemory machine_memory();

}  // namespace segue
