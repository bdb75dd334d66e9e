// The CUDA device of programs with host SIMT execution: its memory is the host's, its kernels run in tests/simt. Linked in
// place of runtime/device_cuda.cpp; the context above it is the same.
#include <cstdlib>
#include <cstring>

#include "kernels/error.h"
#include "runtime/device.h"

namespace segue {
namespace {

class SimtDevice : public Device {
 public:
  explicit SimtDevice(Precision precision) : precision_(precision), host_(cpu_device()) {}
  DeviceType type() const override { return DeviceType::cuda; }
  std::string name() const override { return "host SIMT execution"; }
  std::unique_ptr<Backing> backing(size_t limit_bytes) override { return host_->backing(limit_bytes); }
  int64_t dilation_reach() override {
    // Of sm_90 if asked for; convolutions themselves are the CPU's and reach anywhere.
    const char* phases = std::getenv("SEGUE_CONV_PHASES");
    return phases && std::strcmp(phases, "1") == 0 ? 9 : host_->dilation_reach();
  }
  CudaExec cuda_exec() override { return {nullptr, nullptr, precision_, nullptr}; }
  void upload(void* to, const void* from, size_t bytes) override { host_->upload(to, from, bytes); }
  std::unique_ptr<Staging> staging(size_t bytes) override { return host_->staging(bytes); }
  void wait() override {}
  void begin_range(const char* name, KernelTime* time) override { host_->begin_range(name, time); }
  void end_range(KernelTime* time) override { host_->end_range(time); }
  void settle() override {}
  bool records() const override { return false; }
  void begin_recording() override { host_->begin_recording(); }
  std::unique_ptr<Recording> end_recording() override { return host_->end_recording(); }

 private:
  Precision precision_;
  std::unique_ptr<Device> host_;
};

}  // namespace

std::string cuda_problem() { return ""; }

std::unique_ptr<Device> cuda_device(int, Precision precision, const std::string&) {
  return std::make_unique<SimtDevice>(precision);
}

}  // namespace segue
