#include <cuda_runtime.h>

#include <algorithm>

#include "device.h"

namespace segue::testing {
namespace {

constexpr size_t kAlignBytes = 256;
constexpr int kPoison = 0xff, kGuard = 0xA5;

void check(cudaError_t e, const char* what) {
  if (e != cudaSuccess) fail(Fault::device, "cuda", "expects ", what, " to succeed; got ", cudaGetErrorString(e));
}

size_t round_up(size_t bytes) { return (bytes + kAlignBytes - 1) / kAlignBytes * kAlignBytes; }

/// A block of device memory that grows and never shrinks.
class Block {
 public:
  Block() = default;
  ~Block() { cudaFree(data_); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  std::byte* grow(size_t bytes) {
    if (bytes > bytes_) {
      check(cudaFree(data_), "freeing device memory");
      data_ = nullptr;
      bytes_ = 0;
      check(cudaMalloc(reinterpret_cast<void**>(&data_), bytes), "an allocation of device memory");
      bytes_ = bytes;
    }
    return data_;
  }
  std::byte* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  std::byte* data_ = nullptr;
  size_t bytes_ = 0;
};

/// Poisoned at every call, with a guard zone behind what was asked for. Both are queued on the stream, so a graph
/// repeats them.
class DeviceScratch : public Scratch {
 public:
  explicit DeviceScratch(cudaStream_t stream) : stream_(stream) {}

  void* get(size_t bytes) override {
    cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
    check(cudaStreamIsCapturing(stream_, &capture), "asking for the capture status");
    const size_t total = round_up(bytes) + kAlignBytes;
    if (capture != cudaStreamCaptureStatusNone && total > block_.bytes())
      fail(Fault::device, "scratch", "expects at most ", block_.bytes(), " bytes during capture; got ", total);
    std::byte* p = block_.grow(total);
    if (bytes) check(cudaMemsetAsync(p, kPoison, bytes, stream_), "poisoning scratch");
    check(cudaMemsetAsync(p + bytes, kGuard, kAlignBytes, stream_), "guarding scratch");
    asked_bytes_ = bytes;
    return p;
  }
  bool intact() const {
    if (!block_.data()) return true;
    std::byte guard[kAlignBytes];
    check(cudaMemcpy(guard, block_.data() + asked_bytes_, kAlignBytes, cudaMemcpyDeviceToHost), "reading a guard zone");
    return std::all_of(guard, guard + kAlignBytes, [](std::byte b) { return b == std::byte(kGuard); });
  }

 private:
  cudaStream_t stream_;
  Block block_;
  size_t asked_bytes_ = 0;
};

}  // namespace

std::string no_device_reason() {
  int count = 0;
  const cudaError_t e = cudaGetDeviceCount(&count);
  if (e != cudaSuccess) return cudaGetErrorString(e);
  return count ? "" : "no CUDA device";
}

class Device::Impl {
 public:
  explicit Impl(const ConvPlans::Options& options) : plans(options) {
    check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "creating a stream");
    scratch = std::make_unique<DeviceScratch>(stream);
  }
  ~Impl() {
    drop_graph();
    scratch.reset();
    cudaStreamDestroy(stream);
  }

  CudaExec exec() { return {.stream = stream, .scratch = scratch.get(), .plans = &plans}; }
  void wait() { check(cudaStreamSynchronize(stream), "a kernel"); }
  void drop_graph() {
    if (graph) cudaGraphExecDestroy(graph);
    graph = nullptr;
  }

  cudaStream_t stream = nullptr;
  std::unique_ptr<DeviceScratch> scratch;
  ConvPlans plans;
  Block operands;
  cudaGraphExec_t graph = nullptr;
};

Device::Device() : Device(ConvPlans::Options{}) {}
Device::Device(const ConvPlans::Options& options) : impl_(std::make_unique<Impl>(options)) {}
Device::~Device() = default;

void Device::upload(cases::Io& io) {
  size_t total = 0;
  for (auto* buffers : {&io.in, &io.out})
    for (cases::Buffer& b : *buffers) total += round_up(b.block().size());
  std::byte* p = impl_->operands.grow(total);
  if (total) check(cudaMemsetAsync(p, kPoison, total, impl_->stream), "poisoning operands");
  for (auto* buffers : {&io.in, &io.out})
    for (cases::Buffer& b : *buffers) {
      if (b.block().empty()) continue;
      check(cudaMemcpyAsync(p, b.block().data(), b.block().size(), cudaMemcpyHostToDevice, impl_->stream),
            "copying an operand to the device");
      b.set_device_block(p);
      p += round_up(b.block().size());
    }
  impl_->wait();
}

void Device::download(cases::Io& io) {
  const std::byte* p = impl_->operands.data();
  for (auto* buffers : {&io.in, &io.out})
    for (cases::Buffer& b : *buffers) {
      if (b.block().empty()) continue;
      check(cudaMemcpyAsync(b.block().data(), p, b.block().size(), cudaMemcpyDeviceToHost, impl_->stream),
            "copying an operand from the device");
      b.set_device_block(nullptr);
      p += round_up(b.block().size());
    }
  impl_->wait();
}

void Device::run(const Call& call) {
  call(impl_->exec());
  check(cudaGetLastError(), "a launch");
  impl_->wait();
}

void Device::record(const Call& call) {
  impl_->drop_graph();
  cudaGraph_t recorded = nullptr;
  check(cudaStreamBeginCapture(impl_->stream, cudaStreamCaptureModeThreadLocal), "the start of a capture");
  try {
    call(impl_->exec());
  } catch (...) {
    cudaStreamEndCapture(impl_->stream, &recorded);
    if (recorded) cudaGraphDestroy(recorded);
    throw;
  }
  check(cudaStreamEndCapture(impl_->stream, &recorded), "a capture");
  const cudaError_t e = cudaGraphInstantiate(&impl_->graph, recorded, 0);
  cudaGraphDestroy(recorded);
  check(e, "making a graph");
}

void Device::replay() {
  check(cudaGraphLaunch(impl_->graph, impl_->stream), "the launch of a graph");
  impl_->wait();
}

bool Device::scratch_intact() const { return impl_->scratch->intact(); }
std::string Device::plan_table() const { return impl_->plans.table(); }

}  // namespace segue::testing
