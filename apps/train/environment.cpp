#include "environment.h"

#include <ctime>
#include <fstream>
#include <sstream>

#include "apps/build_info.h"
#include "apps/cuda_driver.h"
#include "apps/machine.h"
#include "kernels/conv_paths.h"
#include "kernels/error.h"
#include "runtime/crc32c.h"

namespace segue {
namespace {

std::string utc_now() {
  const time_t t = time(nullptr);
  tm parts{};
  gmtime_r(&t, &parts);
  char text[40];
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

bool on_cpu(const Context& c) { return c.options().device == DeviceType::cpu; }

std::string plan_table(const Context& c) {
  if (on_cpu(c) || c.options().plan_file.empty()) return "";
  std::ifstream file(c.options().plan_file, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

constexpr const char *kPlanBytes = "plan_table_bytes", *kPlanSum = "plan_table_crc32c";

}  // namespace

Json environment(const Context& c, const std::string& device_name) {
  Json e = Json::object();
  e.set("version", build::kVersion).set("git", build::git_id()).set("compiler", build::kCompiler);
  e.set("build", build::kType).set("time", utc_now()).set("host", host_name());
  e.set("cpu", cpu_model()).set("cpu_flags", cpu_flags()).set("cpu_code", build::kCpuArch);
  e.set("threads", cpu_threads()).set("processors", usable_processors());
  e.set("memory_bytes", int64_t(machine_memory().limit_bytes));
  e.set("device", name_of(c.options().device)).set("device_name", device_name);
  e.set("precision", name_of(c.options().precision));
  if (!on_cpu(c)) e.set("cuda_build", build::kCuda).set("cuda_driver", cuda_driver().version);
  return e.set("seed", int64_t(c.options().seed));
}

Json bits_of(Context& c) {
  Json bits = Json::object();
  bits.set("device", c.device().name()).set("precision", name_of(c.options().precision));
  // Sums are cut into blocks that do not depend on the number of threads; the length of vectors does matter.
  if (on_cpu(c))
    return bits.set("instruction_set", kernels::conv::instruction_set())
        .set("cpu_code", build::kCpuArch)
        .set("plan_table", kernels::conv::kPlanTable);
  bits.set("convolutions", c.device().convolution_ways());
  const std::string plans = plan_table(c);
  return bits.set(kPlanBytes, int64_t(plans.size())).set(kPlanSum, int64_t(crc32c(plans.data(), plans.size())));
}

std::string bits_difference(const Json& then, Context& c) {
  const Json now = bits_of(c);
  std::string text;
  const auto differ = [&](const std::string& name, const std::string& a, const std::string& b) {
    text += cat(text.empty() ? "" : "; ", name, ' ', a, " in the run, ", b, " now");
  };
  for (const auto& [name, value] : now.members()) {
    const Json* old = then.find(name);
    if (name == kPlanBytes || name == kPlanSum) continue;
    if (!old || old->dump() != value.dump()) differ(name, old ? old->dump() : "unknown", value.dump());
  }
  for (const auto& [name, value] : then.members())
    if (!now.find(name)) differ(name, value.dump(), "unknown");
  if (!on_cpu(c) && then.find(kPlanBytes) && then.find(kPlanSum)) {
    // Lines are only ever appended: what the run knew must still stand at the beginning.
    const std::string plans = plan_table(c);
    const int64_t bytes = then.integer(kPlanBytes);
    if (bytes < 0 || uint64_t(bytes) > plans.size() ||
        int64_t(crc32c(plans.data(), size_t(bytes))) != then.integer(kPlanSum))
      differ("convolution plans", "one table", "another (plans.txt of the run has changed)");
  }
  return text;
}

uint64_t memory_used(Context& c) { return c.persistent_arena().committed() + c.step_arena().committed(); }

uint64_t memory_limit(Context& c) {
  if (c.options().memory_limit_bytes) return 2 * c.options().memory_limit_bytes;
  if (on_cpu(c)) return machine_memory().limit_bytes;
  const CudaDriver driver = cuda_driver();
  const size_t index = size_t(c.options().device_index);
  return index < driver.devices.size() ? driver.devices[index].memory_bytes : 0;
}

}  // namespace segue
