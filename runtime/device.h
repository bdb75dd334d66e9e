// What a context computes on: its memory, its queue, its clock. A file per device.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <limits>
#include <memory>
#include <string>

#include "arena.h"
#include "kernels/exec.h"

namespace segue {

enum class DeviceType { cpu, cuda };
const char* name_of(DeviceType t);
const char* name_of(Precision p);

/// Time spent in one kernel name.
struct KernelTime {
  int64_t calls = 0;
  double total_ms = 0;
};

/// Work that was recorded once and can be queued again.
class Recording {
 public:
  virtual ~Recording() = default;
  /// Queues it. Throws device.
  virtual void replay() = 0;
};

/// The way of batches to the device, double-buffered: while a step computes, the next batch travels. A loader fills host()
/// and calls send(); before its step, deliver() brings the oldest batch sent into the fixed buffers that a recorded step
/// reads. One thread at a time.
class Staging {
 public:
  virtual ~Staging() = default;
  /// Host memory of the next batch, pinned on CUDA. Waits until its last content has left it.
  virtual std::byte* host() = 0;
  /// Queues the transfer of what lies in host(), beside the computation. At most two batches may be on their way; throws
  /// internal otherwise.
  virtual void send() = 0;
  struct Part {
    void* to;              ///< device memory
    size_t offset, bytes;  ///< in host()
  };
  /// Queues the oldest batch sent into its places, in order with the computation. Throws internal if none was sent.
  virtual void deliver(std::initializer_list<Part> parts) = 0;
};

class Device {
 public:
  virtual ~Device() = default;

  virtual DeviceType type() const = 0;
  /// "CPU", "NVIDIA H100 80GB HBM3".
  virtual std::string name() const = 0;
  /// Memory for one arena; `limit_bytes` 0: all that the device has.
  virtual std::unique_ptr<Backing> backing(size_t limit_bytes) = 0;
  /// What the bits of convolutions depend on beside their plans, as text; "" where there is nothing.
  virtual std::string convolution_ways() { return ""; }
  /// The widest dilation that convolutions take as they are; wider ones are better made over phases.
  virtual int64_t dilation_reach() { return std::numeric_limits<int64_t>::max(); }
  /// What CUDA launchers get, but for the scratch.
  virtual CudaExec cuda_exec() = 0;
  /// Queues a copy from host memory, which may be changed as soon as this returns.
  virtual void upload(void* to, const void* from, size_t bytes) = 0;
  /// For batches of up to `bytes` bytes.
  virtual std::unique_ptr<Staging> staging(size_t bytes) = 0;
  /// Waits until everything queued is done. Throws device if any of it failed.
  virtual void wait() = 0;

  /// Around every kernel: the profiler's range and, with a `time`, the clock. Times are whole after settle().
  virtual void begin_range(const char* name, KernelTime* time) = 0;
  virtual void end_range(KernelTime* time) = 0;
  virtual void settle() = 0;

  /// False: everything is done at once, and there is nothing to record.
  virtual bool records() const = 0;
  /// From here on, what is queued is recorded instead.
  virtual void begin_recording() = 0;
  /// Ends it; throws device if something was queued that cannot be recorded.
  virtual std::unique_ptr<Recording> end_recording() = 0;
};

std::unique_ptr<Device> cpu_device();
/// Which libraries compute the current CUDA device's convolutions, "cuDNN 9.19.0, cuBLASLt 13.1.0", and why one does not. Throws device
/// if there is no device, or cuDNN does not start.
std::string convolution_libraries();
/// Why there is no CUDA device to compute on; empty if there is one.
std::string cuda_problem();
/// The CUDA device number `index`. Throws device with what is missing: a driver, a device, a new enough one.
std::unique_ptr<Device> cuda_device(int index, Precision precision, const std::string& plan_file);

}  // namespace segue
