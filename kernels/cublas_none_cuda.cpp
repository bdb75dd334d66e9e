// In the place of cublas_plan_cuda.cpp where the building machine has no cublasLt.h.
#include "cublas_plan.h"

namespace segue {

std::unique_ptr<ConvLibrary> cublas_library(std::string& problem) {
  problem = "built without cuBLASLt";
  return nullptr;
}

}  // namespace segue
