#include "machine.h"

#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#if defined(_OPENMP)
#include <omp.h>
#endif

#include "runtime/text.h"

namespace segue {
namespace {

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

}  // namespace

std::string cpu_model() { return plain_text(field("/proc/cpuinfo", "model name")); }

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

int usable_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  return int(sysconf(_SC_NPROCESSORS_ONLN));
}

int cpu_threads() {
#if defined(_OPENMP)
  return omp_get_max_threads();
#else
  return 1;
#endif
}

std::string host_name() {
  char name[256] = "unknown";
  gethostname(name, sizeof name - 1);
  return plain_text(name);
}

MachineMemory machine_memory() {
  MachineMemory m;
  m.total_bytes = uint64_t(sysconf(_SC_PHYS_PAGES)) * uint64_t(sysconf(_SC_PAGE_SIZE));
  m.limit_bytes = m.total_bytes;
  m.available_bytes = std::strtoull(field("/proc/meminfo", "MemAvailable").c_str(), nullptr, 10) * 1024;
  std::ifstream limit("/sys/fs/cgroup/memory.max");
  uint64_t most = 0;
  if (limit >> most && most < m.total_bytes) m.limit_bytes = most;
  return m;
}

}  // namespace segue
