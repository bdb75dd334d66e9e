// The CUDA device: one stream, memory mapped into one reserved range, events for times, graphs for recordings.
#include <cuda.h>
#include <cuda_runtime.h>
#include <nvtx3/nvToolsExt.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "device.h"
#include "kernels/conv_plans.h"
#include "kernels/error.h"

namespace segue {
namespace {

void check(cudaError_t e, const char* what) {
  if (e == cudaErrorMemoryAllocation)
    fail(Fault::out_of_memory, "cuda", "expects memory for ", what,
         "; the device or its host has none left. Use smaller batches or crops");
  if (e != cudaSuccess) fail(Fault::device, "cuda", what, " failed: ", cudaGetErrorString(e), " (", int(e), ")");
}

/// A function of the driver. It is asked for by the runtime, so that the program starts where there is no driver.
template <class F>
F* driver_function(const char* name) {
  void* f = nullptr;
  cudaDriverEntryPointQueryResult found{};
  check(cudaGetDriverEntryPointByVersion(name, &f, 12000, cudaEnableDefault, &found), name);
  if (found != cudaDriverEntryPointSuccess)
    fail(Fault::device, "cuda", "expects a driver that has ", name, "; install a newer driver");
  return reinterpret_cast<F*>(f);
}

/// Device memory: addresses reserved once, physical memory mapped from their start upwards.
class CudaBacking : public Backing {
 public:
  CudaBacking(int device, cudaStream_t stream, size_t limit_bytes) : stream_(stream) {
    properties_.type = CU_MEM_ALLOCATION_TYPE_PINNED;
    properties_.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
    properties_.location.id = device;
    size_t free = 0, total = 0;
    check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
    driver(granularity_of_(&granularity_, &properties_, CU_MEM_ALLOC_GRANULARITY_RECOMMENDED), "the granularity");
    reserved_ = (std::min(limit_bytes ? limit_bytes : total, total) + granularity_ - 1) / granularity_ * granularity_;
    driver(reserve_(&base_, reserved_, 0, 0, 0), "reserving addresses");
  }
  ~CudaBacking() override {
    cudaStreamSynchronize(stream_);
    CUdeviceptr at = base_;
    for (const auto& [handle, bytes] : pieces_) {
      unmap_(at, bytes);
      release_(handle);
      at += bytes;
    }
    free_addresses_(base_, reserved_);
  }
  std::byte* base() const override { return reinterpret_cast<std::byte*>(base_); }
  size_t reserved_bytes() const override { return reserved_; }
  bool commit(size_t bytes) override {
    if (bytes <= mapped_) return true;
    if (bytes > reserved_) return false;
    // In steps of at least 64 MiB: mapping costs more than memory that is used a little later.
    const size_t step = std::max(size_t(64) << 20, granularity_);
    for (size_t wanted : {std::min((bytes + step - 1) / step * step, reserved_),
                          (bytes + granularity_ - 1) / granularity_ * granularity_}) {
      const size_t more = wanted - mapped_;
      CUmemGenericAllocationHandle handle{};
      if (create_(&handle, more, &properties_, 0) != CUDA_SUCCESS) continue;
      CUmemAccessDesc access{properties_.location, CU_MEM_ACCESS_FLAGS_PROT_READWRITE};
      driver(map_(base_ + mapped_, more, 0, handle, 0), "mapping memory");
      driver(set_access_(base_ + mapped_, more, &access, 1), "access to memory");
      pieces_.push_back({handle, more});
      mapped_ = wanted;
      return true;
    }
    return false;
  }
  bool on_host() const override { return false; }
  void write(std::byte* to, const void* from, size_t bytes) override {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream_), "a copy to the device");
    check(cudaStreamSynchronize(stream_), "a copy to the device");
  }
  void read(void* to, const std::byte* from, size_t bytes) override {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream_), "a copy from the device");
    check(cudaStreamSynchronize(stream_), "a copy from the device");
  }
  void zero(std::byte* to, size_t bytes) override {
    check(cudaMemsetAsync(to, 0, bytes, stream_), "zeroing device memory");
  }

 private:
  static void driver(CUresult r, const char* what) {
    if (r != CUDA_SUCCESS) fail(Fault::device, "cuda", what, " failed (driver error ", int(r), ")");
  }

  cudaStream_t stream_;
  decltype(&cuMemGetAllocationGranularity) granularity_of_ =
      driver_function<decltype(cuMemGetAllocationGranularity)>("cuMemGetAllocationGranularity");
  decltype(&cuMemAddressReserve) reserve_ = driver_function<decltype(cuMemAddressReserve)>("cuMemAddressReserve");
  decltype(&cuMemAddressFree) free_addresses_ = driver_function<decltype(cuMemAddressFree)>("cuMemAddressFree");
  decltype(&cuMemCreate) create_ = driver_function<decltype(cuMemCreate)>("cuMemCreate");
  decltype(&cuMemRelease) release_ = driver_function<decltype(cuMemRelease)>("cuMemRelease");
  decltype(&cuMemMap) map_ = driver_function<decltype(cuMemMap)>("cuMemMap");
  decltype(&cuMemUnmap) unmap_ = driver_function<decltype(cuMemUnmap)>("cuMemUnmap");
  decltype(&cuMemSetAccess) set_access_ = driver_function<decltype(cuMemSetAccess)>("cuMemSetAccess");
  CUmemAllocationProp properties_{};
  CUdeviceptr base_ = 0;
  size_t reserved_ = 0, mapped_ = 0, granularity_ = 0;
  std::vector<std::pair<CUmemGenericAllocationHandle, size_t>> pieces_;
};

class CudaRecording : public Recording {
 public:
  CudaRecording(cudaGraph_t graph, cudaStream_t stream) : stream_(stream) {
    const cudaError_t e = cudaGraphInstantiate(&executable_, graph, 0);
    cudaGraphDestroy(graph);
    check(e, "instantiating a recorded step");
    check(cudaGraphUpload(executable_, stream_), "uploading a recorded step");
  }
  ~CudaRecording() override {
    cudaStreamSynchronize(stream_);
    cudaGraphExecDestroy(executable_);
  }
  void replay() override { check(cudaGraphLaunch(executable_, stream_), "replaying a recorded step"); }

 private:
  cudaStream_t stream_;
  cudaGraphExec_t executable_ = nullptr;
};

/// Host memory that the device reads by itself, in turns: a copy may still be under way in one slot while the other is
/// filled. Waiting for a slot also bounds how far the host runs ahead of the device.
class UploadRing {
 public:
  explicit UploadRing(cudaStream_t stream) : stream_(stream) {}
  ~UploadRing() {
    for (Slot& s : slots_) {
      if (s.done) cudaEventSynchronize(s.done), cudaEventDestroy(s.done);
      cudaFreeHost(s.memory);
    }
  }
  void upload(void* to, const void* from, size_t bytes) {
    Slot& s = slots_[next_];
    next_ = (next_ + 1) % slots_.size();
    if (s.done)
      check(cudaEventSynchronize(s.done), "waiting for an upload");
    else
      check(cudaEventCreateWithFlags(&s.done, cudaEventDisableTiming), "an event");
    if (s.bytes < bytes) {
      cudaFreeHost(std::exchange(s.memory, nullptr));
      s.bytes = 0;
      check(cudaMallocHost(&s.memory, bytes), "pinned memory");
      s.bytes = bytes;
    }
    std::memcpy(s.memory, from, bytes);
    check(cudaMemcpyAsync(to, s.memory, bytes, cudaMemcpyHostToDevice, stream_), "an upload");
    check(cudaEventRecord(s.done, stream_), "an event");
  }

 private:
  struct Slot {
    void* memory = nullptr;
    size_t bytes = 0;
    cudaEvent_t done = nullptr;
  };
  cudaStream_t stream_;
  std::array<Slot, 2> slots_;
  size_t next_ = 0;
};

/// Two slots of pinned memory, each with its twin on the device, filled on a stream of its own.
class CudaStaging : public Staging {
 public:
  CudaStaging(cudaStream_t compute, size_t bytes) : compute_(compute), bytes_(bytes) {
    check(cudaStreamCreateWithFlags(&copy_, cudaStreamNonBlocking), "a stream");
    for (Slot& s : slots_) {
      check(cudaMallocHost(&s.host, bytes), "pinned memory");
      check(cudaMalloc(&s.device, bytes), "device memory");
      for (cudaEvent_t* e : {&s.arrived, &s.taken})
        check(cudaEventCreateWithFlags(e, cudaEventDisableTiming), "an event");
    }
  }
  ~CudaStaging() override {
    cudaStreamSynchronize(copy_);
    cudaStreamSynchronize(compute_);
    for (Slot& s : slots_) {
      cudaFreeHost(s.host);
      cudaFree(s.device);
      cudaEventDestroy(s.arrived);
      cudaEventDestroy(s.taken);
    }
    cudaStreamDestroy(copy_);
  }
  std::byte* host() override {
    Slot& s = slots_[sent_ % slots_.size()];
    check(cudaEventSynchronize(s.arrived), "waiting for a transfer");  // an event never recorded counts as done
    return static_cast<std::byte*>(s.host);
  }
  void send() override {
    if (sent_ - delivered_ == slots_.size())
      fail(Fault::internal, "staging", "expects deliver() before a third batch is sent");
    Slot& s = slots_[sent_++ % slots_.size()];
    check(cudaStreamWaitEvent(copy_, s.taken), "ordering a transfer");
    check(cudaMemcpyAsync(s.device, s.host, bytes_, cudaMemcpyHostToDevice, copy_), "a transfer");
    check(cudaEventRecord(s.arrived, copy_), "an event");
  }
  void deliver(std::initializer_list<Part> parts) override {
    if (sent_ == delivered_) fail(Fault::internal, "staging", "expects a batch that was sent");
    Slot& s = slots_[delivered_++ % slots_.size()];
    check(cudaStreamWaitEvent(compute_, s.arrived), "ordering a transfer");
    for (const Part& p : parts)
      check(cudaMemcpyAsync(p.to, static_cast<std::byte*>(s.device) + p.offset, p.bytes, cudaMemcpyDeviceToDevice,
                            compute_),
            "a batch");
    check(cudaEventRecord(s.taken, compute_), "an event");
  }

 private:
  struct Slot {
    void *host = nullptr, *device = nullptr;
    cudaEvent_t arrived = nullptr, taken = nullptr;
  };
  cudaStream_t compute_, copy_ = nullptr;
  size_t bytes_;
  std::array<Slot, 2> slots_;
  size_t sent_ = 0, delivered_ = 0;
};

class CudaDevice : public Device {
 public:
  CudaDevice(int index, Precision precision, const std::string& plan_file) : index_(index), precision_(precision) {
    if (const std::string problem = cuda_problem(); !problem.empty())
      fail(Fault::device, "cuda", "expects an NVIDIA device and its driver; got ", problem,
           ". Use --device cpu, or see `segue doctor`");
    int count = 0;
    check(cudaGetDeviceCount(&count), "counting devices");
    require(index >= 0 && index < count, "cuda", "expects a device below ", count, "; got ", index);
    check(cudaSetDevice(index), "choosing the device");
    cudaDeviceProp properties{};
    check(cudaGetDeviceProperties(&properties, index), "asking the device");
    name_ = properties.name;
    if (properties.major < 8)
      fail(Fault::device, "cuda", "expects compute capability 8.0 or newer; ", name_, " has ", properties.major, ".",
           properties.minor);
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "a stream");
    ring_ = std::make_unique<UploadRing>(stream_);
    // For debugging: every kernel is waited for, so that an error carries the name of the kernel that made it.
    const char* sync = std::getenv("SEGUE_SYNC");
    synchronous_ = sync && std::strcmp(sync, "1") == 0;
    plans_ = std::make_unique<ConvPlans>(ConvPlans::Options{.cache_file = plan_file});
  }
  ~CudaDevice() override {
    cudaStreamSynchronize(stream_);
    for (const Timed& t : pending_) cudaEventDestroy(t.begin), cudaEventDestroy(t.end);
    for (cudaEvent_t e : spare_) cudaEventDestroy(e);
    plans_.reset();
    ring_.reset();
    cudaStreamDestroy(stream_);
  }
  DeviceType type() const override { return DeviceType::cuda; }
  std::string name() const override { return name_; }
  std::unique_ptr<Backing> backing(size_t limit_bytes) override {
    return std::make_unique<CudaBacking>(index_, stream_, limit_bytes);
  }
  std::string convolution_ways() override {
    std::string reaches;
    for (const ConvOp op : {ConvOp::forward, ConvOp::input_gradient, ConvOp::filter_gradient}) {
      const int64_t reach = plans_->reach(op, DType::bf16);
      reaches += cat(reaches.empty() ? "" : ",", reach == kAnyReach ? "any" : std::to_string(reach));
    }
    return cat(plans_->libraries(), "; dilations up to ", reaches, " as they are, wider ones over phases");
  }
  int64_t dilation_reach() override {
    const DType image = precision_ == Precision::bf16   ? DType::bf16
                        : precision_ == Precision::fp16 ? DType::f16
                                                        : DType::f32;
    return plans_->reach(ConvOp::forward, image);
  }
  CudaExec cuda_exec() override { return {stream_, nullptr, precision_, plans_.get()}; }
  void upload(void* to, const void* from, size_t bytes) override { ring_->upload(to, from, bytes); }
  std::unique_ptr<Staging> staging(size_t bytes) override { return std::make_unique<CudaStaging>(stream_, bytes); }
  void wait() override { check(cudaStreamSynchronize(stream_), "work on the device"); }

  void begin_range(const char* name, KernelTime* time) override {
    nvtxRangePushA(name);
    range_ = name;
    if (!time) return;
    pending_.push_back({time, event(), event()});
    check(cudaEventRecord(pending_.back().begin, stream_), "an event");
  }
  void end_range(KernelTime* time) override {
    if (time) {
      check(cudaEventRecord(pending_.back().end, stream_), "an event");
      if (pending_.size() >= kMostPending) settle();
    }
    nvtxRangePop();
    if (!synchronous_) return;
    const cudaError_t e = cudaStreamSynchronize(stream_);
    if (e != cudaSuccess) fail(Fault::device, range_, "failed on the device: ", cudaGetErrorString(e));
  }
  void settle() override {
    if (pending_.empty()) return;
    wait();
    for (const Timed& t : pending_) {
      float ms = 0;
      check(cudaEventElapsedTime(&ms, t.begin, t.end), "timing");
      ++t.time->calls;
      t.time->total_ms += double(ms);
      spare_.push_back(t.begin);
      spare_.push_back(t.end);
    }
    pending_.clear();
  }

  bool records() const override { return !synchronous_; }
  // Thread-local: threads that load data may allocate meanwhile.
  void begin_recording() override {
    check(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), "recording a step");
  }
  std::unique_ptr<Recording> end_recording() override {
    cudaGraph_t graph = nullptr;
    check(cudaStreamEndCapture(stream_, &graph), "recording a step");
    return std::make_unique<CudaRecording>(graph, stream_);
  }

 private:
  struct Timed {
    KernelTime* time;
    cudaEvent_t begin, end;
  };
  static constexpr size_t kMostPending = 4096;

  cudaEvent_t event() {
    cudaEvent_t e = nullptr;
    if (spare_.empty()) {
      check(cudaEventCreate(&e), "an event");
    } else {
      e = spare_.back();
      spare_.pop_back();
    }
    return e;
  }

  int index_;
  Precision precision_;
  std::string name_;
  cudaStream_t stream_ = nullptr;
  std::unique_ptr<UploadRing> ring_;
  std::unique_ptr<ConvPlans> plans_;
  std::vector<Timed> pending_;
  const char* range_ = "";  // the kernel that runs
  bool synchronous_ = false;
  std::vector<cudaEvent_t> spare_;
};

}  // namespace

std::string cuda_problem() {
  int count = 0;
  const cudaError_t e = cudaGetDeviceCount(&count);
  if (e != cudaSuccess) return cudaGetErrorString(e);
  return count == 0 ? "no device" : "";
}

std::string convolution_libraries() { return ConvPlans({}).libraries(); }

std::unique_ptr<Device> cuda_device(int index, Precision precision, const std::string& plan_file) {
  return std::make_unique<CudaDevice>(index, precision, plan_file);
}

}  // namespace segue
