#include <cuda_runtime.h>

#include "conv_library.h"
#include "cublas_plan.h"
#include "cudnn_plan.h"

namespace segue {
namespace {

void check(cudaError_t e, const char* what) {
  if (e != cudaSuccess)
    fail(Fault::device, "convolutions", "expects ", what, " to succeed; got ", cudaGetErrorString(e));
}

class Event {
 public:
  Event() { check(cudaEventCreate(&event_), "making an event"); }
  ~Event() { cudaEventDestroy(event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  void record(cudaStream_t stream) { check(cudaEventRecord(event_, stream), "recording an event"); }
  /// Waits for this event.
  float ms_since(const Event& start) {
    float ms = 0;
    check(cudaEventSynchronize(event_), "waiting for a convolution");
    check(cudaEventElapsedTime(&ms, start.event_, event_), "timing a convolution");
    return ms;
  }

 private:
  cudaEvent_t event_{};
};

class CudaConvMachine : public ConvMachine {
 public:
  std::string device() override {
    if (device_.empty()) {
      cudaDeviceProp properties{};
      check(cudaGetDeviceProperties(&properties, index()), "asking for the device's name");
      device_ = properties.name;
    }
    return device_;
  }
  int compute_capability_major() override {
    int major = 0;
    check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, index()),
          "asking for the device's generation");
    return major;
  }
  ConvLibrary& cudnn() override {
    if (!cudnn_) cudnn_ = cudnn_library();
    return *cudnn_;
  }
  ConvLibrary* cublas() override {
    if (!cublas_ && cublas_problem_.empty()) cublas_ = cublas_library(cublas_problem_);
    return cublas_.get();
  }
  std::string cublas_problem() override { return cublas_problem_; }
  bool capturing(cudaStream_t stream) override {
    cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
    check(cudaStreamIsCapturing(stream, &status), "asking whether the stream is being captured");
    return status != cudaStreamCaptureStatusNone;
  }
  float time_ms(cudaStream_t stream, const std::function<void()>& queue) override {
    Event start, stop;
    queue();  // keeps the device busy while the host queues what is timed: libraries differ in what that costs
    start.record(stream);
    queue();
    stop.record(stream);
    return stop.ms_since(start);
  }

 private:
  static int index() {
    int device = 0;
    check(cudaGetDevice(&device), "asking for the device");
    return device;
  }

  std::string device_, cublas_problem_;
  std::unique_ptr<ConvLibrary> cudnn_, cublas_;
};

}  // namespace

std::unique_ptr<ConvMachine> cuda_conv_machine() { return std::make_unique<CudaConvMachine>(); }

}  // namespace segue
