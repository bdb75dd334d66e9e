// Convolutions by cuDNN: an execution plan is chosen once per shape and kept. With cudnn_graph.cuh and its .cpp, the only
// files that know cuDNN. Only deterministic, precompiled engines are used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "conv_common.h"
#include "exec.h"
#include "view.h"

namespace segue {

enum class ConvOp : int64_t { forward, input_gradient, filter_gradient };

/// What happens to the result on its way to memory.
enum class ConvEpilogue : int64_t {
  store,  ///< overwrites
  add,    ///< is added to what is there, before rounding
  bias,   ///< a bias per channel is added before rounding (forward alone)
};

/// One convolution as cuDNN computes it: x (n,h,w,c), w (k,r,s,c), y (n,p,q,k), all dense and of one type.
struct ConvCall {
  ConvOp op = ConvOp::forward;
  kernels::conv::Problem problem{};
  DType dtype = DType::f32;
  bool tensor_cores = true;  ///< false: products of f32 are not rounded to tf32
  ConvEpilogue epilogue = ConvEpilogue::store;

  int64_t output_count() const;
};
/// "forward add bf16 n8 h32 w64 c256 k256 r3 s3 stride1 pad1 dilation1", the name of a plan in tables and files.
std::string name_of(const ConvCall& call);

constexpr int64_t kAnyReach = std::numeric_limits<int64_t>::max();
/// The widest dilation that cuDNN's engines for a device's own generation take: on sm_90 9, 10 and 8 for the three ops, as cuDNN 9.19 says
/// through cudnn_support(). Wider ones fall back to engines for sm_80, unless they run over phases: conv_phases.h. kAnyReach: no
/// limit that is known, as of tf32's forward pass and of other devices.
int64_t conv_reach(ConvOp op, DType dtype, int compute_capability_major);

struct ConvOperands {
  void *x = nullptr, *w = nullptr, *y = nullptr;  ///< one of them is the result
  const void* bias = nullptr;                     ///< (k), type of the call
};

/// The plans of one device and one thread.
class CudnnPlans {
 public:
  struct Options {
    size_t workspace_limit_bytes = size_t(256) << 20;
    /// Time candidates on the device and keep the fastest; false: the heuristics' first choice. SEGUE_TUNE=1 in the
    /// environment asks for it as well.
    bool tune = false;
    /// Choices are read from here and new ones added, so that another process makes the same and gets the same bits.
    /// Empty: no file.
    std::string cache_file;
  };
  struct Plan;

  /// Touches no device: cuDNN starts with the first plan. Throws io if the cache file cannot be read or made.
  explicit CudnnPlans(const Options& options);
  ~CudnnPlans();
  CudnnPlans(const CudnnPlans&) = delete;
  CudnnPlans& operator=(const CudnnPlans&) = delete;

  /// The plan of a call, made at its first use; null if no allowed engine computes it. Throws device if cuDNN fails, or if
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

  /// Every choice made so far, a line each: what the bits of convolutions depend on.
  std::string table() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// What cuDNN offers for a call on a device that need not be there.
struct CudnnSupport {
  int64_t engine = -1;  ///< its global index; -1: none
  int64_t workspace_bytes = 0;
  bool tensor_cores = false;
};
/// The first choice. `device_json` describes the device as CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR does. Throws device, also
/// if this cuDNN is too old to be asked.
CudnnSupport cudnn_support(const ConvCall& call, const std::string& device_json, size_t workspace_limit_bytes);
/// Version of the library in use, 91900 for 9.19.0.
int64_t cudnn_version();

}  // namespace segue
