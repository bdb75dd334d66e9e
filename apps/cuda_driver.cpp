#include "cuda_driver.h"

#include <dlfcn.h>

#include "kernels/error.h"

namespace segue {
namespace {

// Of the driver's interface, whose numbers are fixed for good; the toolkit's header need not be there.
using Result = int;  // 0: success
using Device = int;
constexpr int kComputeCapabilityMajor = 75, kComputeCapabilityMinor = 76;

template <class F>
F* symbol(void* library, const char* name) {
  return reinterpret_cast<F*>(dlsym(library, name));
}

}  // namespace

CudaDriver cuda_driver() {
  CudaDriver d;
  void* library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);  // stays loaded: drivers do not like to be closed
  if (!library) {
    d.problem = "no driver (libcuda.so.1)";
    return d;
  }
  d.found = true;
  const auto init = symbol<Result(unsigned)>(library, "cuInit");
  const auto driver_version = symbol<Result(int*)>(library, "cuDriverGetVersion");
  const auto device_count = symbol<Result(int*)>(library, "cuDeviceGetCount");
  const auto device_get = symbol<Result(Device*, int)>(library, "cuDeviceGet");
  const auto device_name = symbol<Result(char*, int, Device)>(library, "cuDeviceGetName");
  const auto total_memory = symbol<Result(size_t*, Device)>(library, "cuDeviceTotalMem_v2");
  const auto attribute = symbol<Result(int*, int, Device)>(library, "cuDeviceGetAttribute");
  if (!init || !driver_version || !device_count || !device_get || !device_name || !total_memory || !attribute) {
    d.problem = "the driver lacks functions; it is too old";
    return d;
  }
  driver_version(&d.version);
  int count = 0;
  if (const Result r = init(0); r != 0) {
    d.problem = cat("the driver does not start (error ", r, ")");
    return d;
  }
  if (const Result r = device_count(&count); r != 0 || count == 0) {
    d.problem = r != 0 ? cat("the driver does not count devices (error ", r, ")") : "no device";
    return d;
  }
  for (int i = 0; i < count; ++i) {
    Device device = 0;
    CudaDevice found;
    char name[256] = "";
    size_t bytes = 0;
    if (device_get(&device, i) != 0 || device_name(name, sizeof name, device) != 0) continue;
    total_memory(&bytes, device);
    attribute(&found.major, kComputeCapabilityMajor, device);
    attribute(&found.minor, kComputeCapabilityMinor, device);
    found.name = name;
    found.memory_bytes = bytes;
    d.devices.push_back(found);
  }
  return d;
}

}  // namespace segue
