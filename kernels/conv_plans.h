// Convolutions on CUDA: which plan of which library computes a call is chosen once, at its first use, and kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "conv_call.h"
#include "conv_library.h"

namespace segue {

constexpr int64_t kAnyReach = std::numeric_limits<int64_t>::max();
/// The widest dilation that cuDNN's engines for a device's own generation take: on sm_90 9, 10 and 8 for the three ops, as cuDNN 9.19 says
/// through cudnn_support(). Wider ones fall back to engines for sm_80, unless they run over phases: conv_phases.h. kAnyReach: no
/// limit that is known, as of tf32's forward pass and of other devices.
int64_t conv_reach(ConvOp op, DType dtype, int compute_capability_major);

/// Which calls that are products of matrices go to cuBLASLt.
enum class CublasUse {
  never,
  where_faster,  ///< where plans are timed and its is the fastest; else where cuDNN has none
  always,        ///< where it has any
};

/// The plans of one device and one thread.
class ConvPlans {
 public:
  struct Options {
    size_t workspace_limit_bytes = size_t(256) << 20;
    /// Time candidates on the device and keep the fastest; false: the heuristics' first choice. SEGUE_TUNE=1 in the
    /// environment asks for it as well.
    bool tune = false;
    /// SEGUE_CUBLASLT in the environment goes before it: 0 never, 1 always.
    CublasUse cublas = CublasUse::where_faster;
    /// Choices are read from here and new ones added, so that another process makes the same and gets the same bits.
    /// Empty: no file.
    std::string cache_file;
  };
  struct Plan;

  /// Touches no device: libraries start with the first plan. Throws io if the cache file cannot be read or made, usage if a
  /// variable of the environment means nothing.
  explicit ConvPlans(const Options& options, std::unique_ptr<ConvMachine> machine = cuda_conv_machine());
  ~ConvPlans();
  ConvPlans(const ConvPlans&) = delete;
  ConvPlans& operator=(const ConvPlans&) = delete;

  /// The plan of a call, made at its first use; null if nothing allowed computes it. Throws device if a library fails, or if
  /// a plan must be made while `stream` is being captured.
  Plan* find(const ConvCall& call, CUstream_st* stream);
  /// The same, and throws device instead of returning null.
  Plan& get(const ConvCall& call, CUstream_st* stream);
  /// What run() needs. More before the first run of a plan that is to be tuned.
  size_t workspace_bytes(const Plan& plan) const;
  /// Queues the convolution. The first run of a plan that is to be tuned waits for the device. Throws device.
  void run(Plan& plan, const ConvOperands& operands, void* workspace, CUstream_st* stream);

  /// conv_reach() of this device. SEGUE_CONV_PHASES=0 in the environment: of a device without a limit; 1: of one of sm_90.
  int64_t reach(ConvOp op, DType dtype);

  /// "cuDNN 9.19.0, cuBLASLt 13.1.0", or why the second is not used. Starts both.
  std::string libraries();
  /// Every choice made so far, a line each: call, library, plan.
  std::string table() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace segue
