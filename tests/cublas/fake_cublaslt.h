// A cuBLASLt for the CPU: the functions that segue calls, written from NVIDIA's manual and from the comments of cublasLt.h. It computes
// D = alpha op(A) op(B) + beta C (+ bias) in double precision from the descriptors alone, and refuses what the manual says is
// refused. It is our reading of the manual, no proof of the library; what it proves is that segue says what it means.
#pragma once

#include <string>
#include <vector>

#include "kernels/cublas_lt.cuh"

namespace segue::testing {

struct FakeCublasLt {
  size_t version = 130100;
  cublasStatus_t create = CUBLAS_STATUS_SUCCESS;     ///< what cublasLtCreate answers
  cublasStatus_t heuristic = CUBLAS_STATUS_SUCCESS;  ///< what the heuristics answer before they look
  // What has happened.
  std::string refusal;       ///< why the last call failed
  int live = 0;              ///< descriptors and handles that are not destroyed
  int products = 0;          ///< computed
  uint32_t last_scheme = 0;  ///< reduction scheme of the last product
  uint64_t last_flags = 0;   ///< its numerical flags
  cublasComputeType_t last_compute{};
  uint32_t asked_schemes = 0, asked_align_bytes = 0;  ///< of the heuristics: a mask, and the strictest alignment

  /// The one that the functions speak of. Tests start with a new one.
  static FakeCublasLt& state();
  static const cublas::Functions& functions();
};

}  // namespace segue::testing
