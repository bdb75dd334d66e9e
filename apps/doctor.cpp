// segue doctor: build, machine, devices, and what makes them slow.
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "build_info.h"
#include "commands.h"
#include "cuda_driver.h"
#include "kernels/conv_paths.h"
#include "kernels/error.h"
#include "machine.h"
#include "runtime/device.h"
#include "runtime/text.h"

namespace segue {
namespace {

void row(const std::string& name, const std::string& value) {
  std::string key = name;
  key.resize(14, ' ');
  std::cout << key << value << '\n';
}

std::string memory_text(const MachineMemory& m) {
  std::string text = bytes_text(m.total_bytes);
  if (m.available_bytes > 0) text += cat(", ", bytes_text(m.available_bytes), " available");
  if (m.limit_bytes < m.total_bytes) text += cat(", limited to ", bytes_text(m.limit_bytes));
  return text;
}

void check_threads(std::vector<std::string>& warnings) {
  const int processors = usable_processors(), threads = cpu_threads();
  const char* asked = std::getenv("OMP_NUM_THREADS");
  row("threads",
      cat(threads, " of ", processors, " processors", asked ? cat(" (OMP_NUM_THREADS=", plain_text(asked), ")") : ""));
#if defined(_OPENMP)
  if (threads == 1 && processors > 1)
    warnings.push_back(
        cat("one thread of ", processors, " processors: unset OMP_NUM_THREADS or set it to ", processors));
  if (threads > processors)
    warnings.push_back(cat(threads, " threads share ", processors, " processors: set OMP_NUM_THREADS=", processors));
#else
  if (processors > 1) warnings.push_back("built without OpenMP: one thread only");
#endif
}

void check_cuda(std::vector<std::string>& warnings) {
  const bool built = *build::kCuda;
  row("CUDA build", built ? cat("yes, with ", build::kCuda) : "no: built for the CPU alone");
  const CudaDriver driver = cuda_driver();
  if (driver.devices.empty()) {
    row("CUDA device", cat("none: ", driver.problem));
    return;
  }
  row("CUDA driver", cat("serves CUDA ", driver.version / 1000, ".", driver.version % 1000 / 10));
  for (size_t i = 0; i < driver.devices.size(); ++i) {
    const CudaDevice& d = driver.devices[i];
    row(cat("CUDA device ", i),
        cat(d.name, ", compute capability ", d.major, ".", d.minor, ", ", bytes_text(d.memory_bytes)));
    if (d.major < 8)
      warnings.push_back(
          cat(d.name, " has compute capability ", d.major, ".", d.minor, "; segue's kernels expect 8.0 or more"));
  }
  if (built && cuda_problem().empty()) {
    try {
      row("convolutions", convolution_libraries());
    } catch (const Error& e) {
      warnings.push_back(e.what());
    }
  }
  if (!built)
    warnings.push_back("there is a CUDA device, but this build has no CUDA kernels: install nvcc and build again");
}

}  // namespace

void run_doctor() {
  std::vector<std::string> warnings;
  row("segue", cat(build::kVersion, " (", build::git_id(), ")"));
  row("compiler",
      cat(build::kCompiler, ", ", build::kType, *build::kSanitizers ? ", sanitizers " : "", build::kSanitizers));
  row("CPU", cpu_model());
  row("CPU flags", cpu_flags());
  row("CPU code",
      cat(*build::kCpuArch ? build::kCpuArch : "the compiler's default level", ": ", kernels::conv::instruction_set()));
  check_threads(warnings);
  const MachineMemory memory = machine_memory();
  row("memory", memory_text(memory));
  check_cuda(warnings);

#if defined(__x86_64__) && !defined(__AVX2__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    warnings.push_back("this CPU has AVX2, the build does not use it: build with -DSEGUE_CPU_ARCH=x86-64-v3");
#endif
  if (std::string(build::kType) == "Debug")
    warnings.push_back("a Debug build is many times slower: use the release preset");
  if (*build::kSanitizers) warnings.push_back("a build with sanitizers is for tests: use the release preset");
  if (memory.limit_bytes < (uint64_t(4) << 30))
    warnings.push_back("less than 4 GiB of memory: training at full width will not fit");

  if (warnings.empty()) {
    std::cout << "\nno warnings\n";
    return;
  }
  std::cout << '\n';
  for (const std::string& w : warnings) std::cout << "warning: " << w << '\n';
}

}  // namespace segue
