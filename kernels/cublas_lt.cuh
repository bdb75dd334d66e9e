// cuBLASLt's functions as segue calls them, and a convolution in its terms.
#pragma once

#include <cublasLt.h>

#include <string>
#include <vector>

#include "conv_library.h"

namespace segue::cublas {

/// The functions that are used: the library's own (open), or a test's.
// clang-format off
#define SEGUE_CUBLASLT_FUNCTIONS(F)                                                                               \
  F(GetVersion) F(GetStatusString) F(Create) F(Destroy) F(MatmulDescCreate) F(MatmulDescDestroy)                  \
  F(MatmulDescSetAttribute) F(MatrixLayoutCreate) F(MatrixLayoutDestroy) F(MatmulPreferenceCreate)                \
  F(MatmulPreferenceDestroy) F(MatmulPreferenceSetAttribute) F(MatmulAlgoGetHeuristic) F(MatmulAlgoCheck)         \
  F(MatmulAlgoCapGetAttribute) F(MatmulAlgoConfigGetAttribute) F(Matmul)
// clang-format on
struct Functions {
#define SEGUE_MEMBER(name) decltype(&cublasLt##name) name = nullptr;
  SEGUE_CUBLASLT_FUNCTIONS(SEGUE_MEMBER)
#undef SEGUE_MEMBER

  /// Those of libcublasLt, which stays loaded. Null if there is none: `problem` says why.
  static const Functions* open(std::string& problem);
};

/// A descriptor of the library's.
template <class T>
class Descriptor {
 public:
  explicit Descriptor(cublasStatus_t (*destroy)(T)) : destroy_(destroy) {}
  ~Descriptor() {
    if (raw_) destroy_(raw_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  T* address() { return &raw_; }
  T raw() const { return raw_; }

 private:
  cublasStatus_t (*destroy_)(T);
  T raw_ = nullptr;
};

/// A product D = A B, + D or + bias. In terms of column-major matrices, as the library's are: an image of C channels is a matrix of C rows
/// and a column per pixel, filters (K,C) one of C rows and K columns. A bias is added to every column of D, so the channels of a result
/// must be its rows:
///   forward          Y = W^T X          (K x pixels)
///   input_gradient   dX = W dY          (C x pixels)
///   filter_gradient  dW = X dY^T        (C x K)
class Product {
 public:
  /// Of a call that is_product(). Throws device.
  Product(const Functions& lt, const ConvCall& call);

  /// At most `most` algorithms with their workspace, the best guess first; those alone that sum in one fixed order and in f32, and want at
  /// most the workspace. Throws device.
  std::vector<cublasLtMatmulHeuristicResult_t> algorithms(cublasLtHandle_t handle, size_t workspace_limit_bytes,
                                                          int most) const;
  /// True if the library takes it for this product on this device, and it is as above. Writes what workspace it wants.
  bool takes(cublasLtHandle_t handle, const cublasLtMatmulAlgo_t& algorithm, size_t workspace_limit_bytes,
             size_t& workspace_bytes) const;
  /// Queues it. Throws device.
  void run(cublasLtHandle_t handle, const cublasLtMatmulAlgo_t& algorithm, const ConvOperands& operands,
           void* workspace, size_t workspace_bytes, cudaStream_t stream) const;

 private:
  bool allowed(const cublasLtMatmulAlgo_t& algorithm) const;
  void set(cublasLtMatmulDescAttributes_t name, const void* value, size_t bytes) const;

  const Functions& lt_;
  ConvCall call_;
  Descriptor<cublasLtMatmulDesc_t> description_;
  Descriptor<cublasLtMatrixLayout_t> a_, b_, d_;
};

/// An algorithm as plan files keep it: "cublaslt130100:<its bytes>:<checksum>", numbers in hexadecimal.
std::string text_of(const cublasLtMatmulAlgo_t& algorithm, int64_t version);
/// False unless `text` is such a text, undamaged, and of this version: bytes of another mean nothing.
bool parse(const std::string& text, int64_t version, cublasLtMatmulAlgo_t& algorithm);

/// ConvLibrary of these functions. Null if it does not start: `problem` says why.
std::unique_ptr<ConvLibrary> library(const Functions& lt, std::string& problem);

}  // namespace segue::cublas
