// segue doctor: build, machine, devices, and what makes them slow.
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#if defined(_OPENMP)
#include <omp.h>
#endif

#include "build_info.h"
#include "commands.h"
#include "cuda_driver.h"
#include "kernels/error.h"
#include "runtime/text.h"
#if defined(SEGUE_WITH_DNNL)
#include "kernels/dnnl_plan.h"
#endif

namespace segue {
namespace {

void row(const std::string& name, const std::string& value) {
  std::string key = name;
  key.resize(14, ' ');
  std::cout << key << value << '\n';
}

/// The value behind "key" in a file of "key : value" lines; "" if there is none.
std::string field(const char* path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, key.size(), key) != 0) continue;
    const size_t colon = line.find(':');
    const size_t begin = colon == std::string::npos ? std::string::npos : line.find_first_not_of(" \t", colon + 1);
    if (begin != std::string::npos) return line.substr(begin);
  }
  return "";
}

std::string cpu_flags() {
  std::string text;
#if defined(__x86_64__)
  const auto add = [&](const char* name, bool has) {
    text += has ? (text.empty() ? "" : " ") + std::string(name) : "";
  };
  add("sse4.2", __builtin_cpu_supports("sse4.2"));
  add("avx", __builtin_cpu_supports("avx"));
  add("avx2", __builtin_cpu_supports("avx2"));
  add("fma", __builtin_cpu_supports("fma"));
  add("bmi2", __builtin_cpu_supports("bmi2"));
  add("avx512f", __builtin_cpu_supports("avx512f"));
  add("avx512bw", __builtin_cpu_supports("avx512bw"));
  add("avx512vnni", __builtin_cpu_supports("avx512vnni"));
#endif
  return text.empty() ? "unknown" : text;
}

/// Processors that this process may use.
int usable_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  return int(sysconf(_SC_NPROCESSORS_ONLN));
}

int threads_used() {
#if defined(_OPENMP)
  return omp_get_max_threads();
#else
  return 1;
#endif
}

std::string memory_text(uint64_t& total) {
  total = uint64_t(sysconf(_SC_PHYS_PAGES)) * uint64_t(sysconf(_SC_PAGE_SIZE));
  std::string text = bytes_text(total);
  const std::string available = field("/proc/meminfo", "MemAvailable");
  if (!available.empty())
    text += cat(", ", bytes_text(std::strtoull(available.c_str(), nullptr, 10) * 1024), " available");
  std::ifstream limit("/sys/fs/cgroup/memory.max");
  uint64_t most = 0;
  if (limit >> most && most < total) {
    total = most;
    text += cat(", limited to ", bytes_text(most));
  }
  return text;
}

void check_threads(std::vector<std::string>& warnings) {
  const int processors = usable_processors(), threads = threads_used();
  const char* asked = std::getenv("OMP_NUM_THREADS");
  const char* most = std::getenv("OMP_THREAD_LIMIT");
  row("threads",
      cat(threads, " of ", processors, " processors", asked ? cat(" (OMP_NUM_THREADS=", plain_text(asked), ")") : ""));
#if defined(_OPENMP)
  if (threads == 1 && processors > 1)
    warnings.push_back(
        cat("one thread of ", processors, " processors: unset OMP_NUM_THREADS or set it to ", processors));
  if (threads > processors)
    warnings.push_back(cat(threads, " threads share ", processors, " processors: set OMP_NUM_THREADS=", processors));
  if (most && std::atoi(most) > 0 && std::atoi(most) < threads)
    warnings.push_back("OMP_THREAD_LIMIT is below the number of threads, which can hang oneDNN: unset it");
#else
  (void)most;
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
  if (!built)
    warnings.push_back("there is a CUDA device, but this build has no CUDA kernels: install nvcc and build again");
}

}  // namespace

void run_doctor() {
  std::vector<std::string> warnings;
  row("segue", cat(build::kVersion, " (", build::git_id(), ")"));
  row("compiler",
      cat(build::kCompiler, ", ", build::kType, *build::kSanitizers ? ", sanitizers " : "", build::kSanitizers));
  row("CPU", plain_text(field("/proc/cpuinfo", "model name")));
  row("CPU flags", cpu_flags());
  row("CPU code", *build::kCpuArch ? build::kCpuArch : "the compiler's default level");
  check_threads(warnings);
  uint64_t memory = 0;
  row("memory", memory_text(memory));
#if defined(SEGUE_WITH_DNNL)
  row("oneDNN", kernels::dnnl_plan::version());
#else
  row("oneDNN", "not built in");
  warnings.push_back("built without oneDNN: install libdnnl-dev and build again for faster convolutions on the CPU");
#endif
  check_cuda(warnings);

#if defined(__x86_64__) && !defined(__AVX2__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    warnings.push_back("this CPU has AVX2, the build does not use it: build with -DSEGUE_CPU_ARCH=x86-64-v3");
#endif
  if (std::string(build::kType) == "Debug")
    warnings.push_back("a Debug build is many times slower: use the release preset");
  if (*build::kSanitizers) warnings.push_back("a build with sanitizers is for tests: use the release preset");
  if (memory < (uint64_t(4) << 30))
    warnings.push_back("less than 4 GiB of memory: training at full width will not fit");

  if (warnings.empty()) {
    std::cout << "\nno warnings\n";
    return;
  }
  std::cout << '\n';
  for (const std::string& w : warnings) std::cout << "warning: " << w << '\n';
}

}  // namespace segue
