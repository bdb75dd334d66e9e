#include <cuda_profiler_api.h>

#include <algorithm>
#include <cmath>

#include "bench/cuda_handles.cuh"
#include "device_bench.h"
#include "kernels/conv_plans.h"

namespace segue::bench {
namespace {

constexpr size_t kAlignBytes = 256;
constexpr int kMostCopies = 128, kMostLaunches = 512;
constexpr double kSampleMs = 2;  // long against what events and the start of a graph cost

size_t round_up(size_t bytes) { return (bytes + kAlignBytes - 1) / kAlignBytes * kAlignBytes; }

/// Grows while nothing is queued, and stays.
class BenchScratch : public Scratch {
 public:
  void* get(size_t bytes) override {
    if (bytes > bytes_) {
      memory_.reset();
      memory_ = device_memory(bytes);
      bytes_ = bytes;
    }
    return memory_.get();
  }

 private:
  DeviceMemory memory_;
  size_t bytes_ = 0;
};

ConvPlans::Options tuned() {
  ConvPlans::Options options;
  options.tune = true;
  return options;
}

}  // namespace

DeviceInfo device_info() {
  DeviceInfo info;
  cudaDeviceProp p{};
  check_cuda(cudaGetDeviceProperties(&p, 0), "reading the properties of the device");
  info.name = p.name;
  info.l2_bytes = p.l2CacheSize;
  info.memory_bytes = int64_t(p.totalGlobalMem);
  info.multiprocessors = p.multiProcessorCount;
  check_cuda(cudaDriverGetVersion(&info.driver), "reading the driver's version");
  check_cuda(cudaRuntimeGetVersion(&info.runtime), "reading the runtime's version");
  return info;
}

class DeviceCase::Impl {
 public:
  explicit Impl(const cases::Case& k) : case_(k), io_(k.make()), stream_(make_stream()), timer_(stream_.get()) {
    for (auto* buffers : {&io_.in, &io_.out})
      for (cases::Buffer& b : *buffers) copy_bytes_ += round_up(b.block().size());
    const double wanted = std::ceil(3.0 * double(device_info().l2_bytes) / double(std::max<size_t>(copy_bytes_, 1)));
    copies_ = int(std::clamp(wanted, 1.0, double(kMostCopies)));
    memory_ = device_memory(std::max<size_t>(copy_bytes_ * size_t(copies_), 1));
    for (int i = 0; i < copies_; ++i) {
      turn_to(i);
      for (auto* buffers : {&io_.in, &io_.out})
        for (cases::Buffer& b : *buffers)
          if (!b.block().empty())
            check_cuda(cudaMemcpy(static_cast<std::byte*>(b.view().data) - cases::Buffer::kGuardBytes, b.block().data(),
                                  b.block().size(), cudaMemcpyHostToDevice),
                       "copying an operand to the device");
    }
  }

  void launch(int i) {
    turn_to(i % copies_);
    case_.cuda({.stream = stream_.get(), .scratch = &scratch_, .plans = &plans_}, io_);
  }
  void wait() { check_cuda(cudaStreamSynchronize(stream_.get()), "a launch"); }

  /// Chooses how many launches make a sample, and records them.
  void record() {
    for (int i = 0; i < 2; ++i) launch(i);
    wait();
    const double ms = timer_.ms([&] {
      for (int i = 0; i < copies_; ++i) launch(i);
    });
    const double wanted = std::ceil(kSampleMs / std::max(ms / copies_, 1e-4));
    launches_ = int(std::clamp(wanted, 1.0, double(kMostLaunches)));
    launches_ = (launches_ + copies_ - 1) / copies_ * copies_;
    check_cuda(cudaStreamBeginCapture(stream_.get(), cudaStreamCaptureModeThreadLocal), "the start of a capture");
    cudaGraph_t recorded = nullptr;
    try {
      for (int i = 0; i < launches_; ++i) launch(i);
    } catch (...) {
      cudaStreamEndCapture(stream_.get(), &recorded);
      if (recorded) cudaGraphDestroy(recorded);
      throw;
    }
    check_cuda(cudaStreamEndCapture(stream_.get(), &recorded), "a capture");
    cudaGraphExec_t graph = nullptr;
    const cudaError_t e = cudaGraphInstantiate(&graph, recorded, 0);
    cudaGraphDestroy(recorded);
    check_cuda(e, "making a graph");
    graph_.reset(graph);
    replay();
    wait();
  }
  void replay() { check_cuda(cudaGraphLaunch(graph_.get(), stream_.get()), "the launch of a graph"); }

  double sample_ms() {
    if (!graph_) record();
    return timer_.ms([&] { replay(); }) / launches_;
  }

 private:
  /// Points the operands to copy i.
  void turn_to(int i) {
    std::byte* p = memory_.get() + copy_bytes_ * size_t(i);
    for (auto* buffers : {&io_.in, &io_.out})
      for (cases::Buffer& b : *buffers) {
        if (b.block().empty()) continue;
        b.set_device_block(p);
        p += round_up(b.block().size());
      }
  }

  const cases::Case& case_;
  cases::Io io_;
  Stream stream_;
  StreamTimer timer_;
  BenchScratch scratch_;
  ConvPlans plans_{tuned()};
  DeviceMemory memory_;
  size_t copy_bytes_ = 0;
  int copies_ = 1, launches_ = 1;
  GraphExec graph_;
};

DeviceCase::DeviceCase(const cases::Case& k) : impl_(std::make_unique<Impl>(k)) {}
DeviceCase::~DeviceCase() = default;
double DeviceCase::sample_ms() { return impl_->sample_ms(); }

void DeviceCase::once() {
  impl_->launch(0);
  impl_->wait();
  check_cuda(cudaProfilerStart(), "starting the profiler");
  impl_->launch(1);
  impl_->wait();
  check_cuda(cudaProfilerStop(), "stopping the profiler");
}

}  // namespace segue::bench
