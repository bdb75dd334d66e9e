// What ConvPlans (conv_plans.h) asks of a library that computes convolutions, and of the machine: its libraries, its clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "conv_call.h"

struct CUstream_st;

namespace segue {

/// One way of one library to compute one call. It refers to its library, which must outlive it.
class ConvCandidate {
 public:
  virtual ~ConvCandidate() = default;
  /// What a plan file keeps: all that its bits depend on beside the call, the device, and cuDNN's version. Up to the first ':' it
  /// names the engine, behind it the settings.
  virtual std::string text() const = 0;
  virtual size_t workspace_bytes() const = 0;
  /// Queues it. Throws device if the library refuses.
  virtual void run(const ConvOperands& operands, void* workspace, CUstream_st* stream) = 0;
};

/// One device's plans of one library. All of them are deterministic, and accumulate in f32.
class ConvLibrary {
 public:
  virtual ~ConvLibrary() = default;
  /// "cuDNN", "cuBLASLt".
  virtual const char* name() const = 0;
  /// 91900 for 9.19.0.
  virtual int64_t version() const = 0;
  /// Calls `found` with every plan that wants at most `workspace_limit_bytes`, best guess first, until it returns false.
  /// Throws device.
  virtual void for_each_candidate(const ConvCall& call, size_t workspace_limit_bytes,
                                  const std::function<bool(std::unique_ptr<ConvCandidate>)>& found) = 0;
  /// The plan whose text() this is. Null if it is another library's or another version's, or the library refuses it.
  virtual std::unique_ptr<ConvCandidate> restore(const ConvCall& call, size_t workspace_limit_bytes,
                                                 const std::string& text) = 0;
};
/// "cuDNN 9.19.0"
std::string title_of(const ConvLibrary& library);

/// The current device. Nothing of it starts before it is asked for.
class ConvMachine {
 public:
  virtual ~ConvMachine() = default;
  virtual std::string device() = 0;
  virtual int compute_capability_major() = 0;
  /// Throws device.
  virtual ConvLibrary& cudnn() = 0;
  /// Null: there is none, and cublas_problem() says why.
  virtual ConvLibrary* cublas() = 0;
  virtual std::string cublas_problem() = 0;
  virtual bool capturing(CUstream_st* stream) = 0;
  /// Milliseconds that what `queue` queues takes on the stream; it may be called more than once. Waits for it; throws device.
  virtual float time_ms(CUstream_st* stream, const std::function<void()>& queue) = 0;
};
/// The CUDA device of this thread.
std::unique_ptr<ConvMachine> cuda_conv_machine();

}  // namespace segue
