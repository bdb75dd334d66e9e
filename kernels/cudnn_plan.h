// Convolutions by cuDNN. With cudnn_graph.cuh and its .cpp, the only files that know cuDNN. Only deterministic,
// precompiled engines are used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "conv_call.h"
#include "conv_library.h"

namespace segue {

/// cuDNN on the current device. Throws device if it does not start.
std::unique_ptr<ConvLibrary> cudnn_library();
/// Version of the library in use, 91900 for 9.19.0.
int64_t cudnn_version();

/// What cuDNN offers for a call on a device that need not be there.
struct CudnnSupport {
  int64_t engine = -1;  ///< its global index; -1: none
  int64_t workspace_bytes = 0;
  bool tensor_cores = false;
};
/// The first choice. `device_json` describes the device as CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR does. Throws device, also
/// if this cuDNN is too old to be asked.
CudnnSupport cudnn_support(const ConvCall& call, const std::string& device_json, size_t workspace_limit_bytes);

}  // namespace segue
