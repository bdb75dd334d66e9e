// One convolution as the CUDA device's libraries compute it: the name of a plan, and what plans run on.
#pragma once

#include <cstdint>
#include <string>

#include "conv_common.h"
#include "view.h"

namespace segue {

enum class ConvOp : int64_t { forward, input_gradient, filter_gradient };

/// What happens to the result on its way to memory.
enum class ConvEpilogue : int64_t {
  store,  ///< overwrites
  add,    ///< is added to what is there, before rounding
  bias,   ///< a bias per channel is added before rounding (forward alone)
};

/// x (n,h,w,c), w (k,r,s,c), y (n,p,q,k), all dense and of one type.
struct ConvCall {
  ConvOp op = ConvOp::forward;
  kernels::conv::Problem problem{};
  DType dtype = DType::f32;
  bool tensor_cores = true;  ///< false: products of f32 are not rounded to tf32
  ConvEpilogue epilogue = ConvEpilogue::store;

  int64_t output_count() const;
  /// One tap that meets every pixel: x, w and y are matrices, and the call is a product of two of them.
  bool is_product() const;
};
/// "forward add bf16 n8 h32 w64 c256 k256 r3 s3 stride1 pad1 dilation1", the name of a plan in tables and files.
std::string name_of(const ConvCall& call);

/// Addresses that are multiples of 16.
struct ConvOperands {
  void *x = nullptr, *w = nullptr, *y = nullptr;  ///< one of them is the result
  const void* bias = nullptr;                     ///< (k), type of the call
};

}  // namespace segue
