// CUDA resources of the benchmarks: memory, streams, events and graphs that free themselves.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <memory>
#include <type_traits>

#include "kernels/error.h"

namespace segue::bench {

inline void check_cuda(cudaError_t e, const char* what) {
  if (e != cudaSuccess) fail(Fault::device, "bench", "expects ", what, " to succeed; got ", cudaGetErrorString(e));
}

template <auto kFree>
struct Freed {
  template <class T>
  void operator()(T* p) const {
    kFree(p);
  }
};
using DeviceMemory = std::unique_ptr<std::byte, Freed<cudaFree>>;
using Stream = std::unique_ptr<std::remove_pointer_t<cudaStream_t>, Freed<cudaStreamDestroy>>;
using Event = std::unique_ptr<std::remove_pointer_t<cudaEvent_t>, Freed<cudaEventDestroy>>;
using GraphExec = std::unique_ptr<std::remove_pointer_t<cudaGraphExec_t>, Freed<cudaGraphExecDestroy>>;

inline DeviceMemory device_memory(size_t bytes) {
  void* p = nullptr;
  check_cuda(cudaMalloc(&p, bytes), "an allocation of device memory");
  return DeviceMemory(static_cast<std::byte*>(p));
}
inline Stream make_stream() {
  cudaStream_t s = nullptr;
  check_cuda(cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking), "creating a stream");
  return Stream(s);
}
inline Event make_event() {
  cudaEvent_t e = nullptr;
  check_cuda(cudaEventCreate(&e), "creating an event");
  return Event(e);
}

/// Milliseconds that the device spends on what `queue` puts on the stream.
class StreamTimer {
 public:
  explicit StreamTimer(cudaStream_t stream) : stream_(stream), start_(make_event()), stop_(make_event()) {}
  template <class F>
  double ms(F&& queue) {
    check_cuda(cudaEventRecord(start_.get(), stream_), "recording an event");
    queue();
    check_cuda(cudaEventRecord(stop_.get(), stream_), "recording an event");
    check_cuda(cudaEventSynchronize(stop_.get()), "a timed launch");
    float elapsed_ms = 0;
    check_cuda(cudaEventElapsedTime(&elapsed_ms, start_.get(), stop_.get()), "reading events");
    return double(elapsed_ms);
  }

 private:
  cudaStream_t stream_;
  Event start_, stop_;
};

}  // namespace segue::bench
