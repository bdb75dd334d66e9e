#include "device.h"

#include <chrono>
#include <cstring>
#include <vector>

#include "kernels/error.h"

namespace segue {
namespace {

constexpr size_t kBatches = 2;  // on their way at once

class CpuStaging : public Staging {
 public:
  explicit CpuStaging(size_t bytes) : slots_(kBatches, std::vector<std::byte>(bytes)) {}
  std::byte* host() override { return slots_[sent_ % kBatches].data(); }
  void send() override {
    if (sent_ - delivered_ == kBatches)
      fail(Fault::internal, "staging", "expects deliver() before a third batch is sent");
    ++sent_;
  }
  void deliver(std::initializer_list<Part> parts) override {
    if (sent_ == delivered_) fail(Fault::internal, "staging", "expects a batch that was sent");
    const std::vector<std::byte>& slot = slots_[delivered_++ % kBatches];
    for (const Part& p : parts) std::memcpy(p.to, slot.data() + p.offset, p.bytes);
  }

 private:
  std::vector<std::vector<std::byte>> slots_;
  size_t sent_ = 0, delivered_ = 0;
};

class CpuDevice : public Device {
 public:
  DeviceType type() const override { return DeviceType::cpu; }
  std::string name() const override { return "CPU"; }
  std::unique_ptr<Backing> backing(size_t limit_bytes) override { return host_backing(limit_bytes); }
  CudaExec cuda_exec() override { return {}; }
  void upload(void* to, const void* from, size_t bytes) override { std::memcpy(to, from, bytes); }
  std::unique_ptr<Staging> staging(size_t bytes) override { return std::make_unique<CpuStaging>(bytes); }
  void wait() override {}
  void begin_range(const char*, KernelTime* time) override {
    if (time) start_ = Clock::now();
  }
  void end_range(KernelTime* time) override {
    if (!time) return;
    ++time->calls;
    time->total_ms += std::chrono::duration<double, std::milli>(Clock::now() - start_).count();
  }
  void settle() override {}
  bool records() const override { return false; }
  void begin_recording() override { fail(Fault::internal, "device", "the CPU device does not record"); }
  std::unique_ptr<Recording> end_recording() override {
    fail(Fault::internal, "device", "the CPU device does not record");
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_;
};

}  // namespace

const char* name_of(DeviceType t) { return t == DeviceType::cpu ? "cpu" : "cuda"; }

const char* name_of(Precision p) {
  switch (p) {
    case Precision::f32: return "f32";
    case Precision::tf32: return "tf32";
    case Precision::bf16: return "bf16";
    case Precision::fp16: return "fp16";
  }
  return "?";
}

#if !defined(SEGUE_CUDA_DEVICE)
std::string cuda_problem() { return "a build without CUDA"; }
std::string convolution_libraries() { fail(Fault::device, "cuda", "expects a build with CUDA"); }
#endif

std::unique_ptr<Device> cpu_device() { return std::make_unique<CpuDevice>(); }

}  // namespace segue
