// Convolutions that are products of matrices (ConvCall::is_product), by cuBLASLt. With cublas_lt.cuh and cublas_plan_cuda.cpp, the
// only files that know it. Only plans that sum in one fixed order and in f32 are used.
#pragma once

#include <memory>
#include <string>

#include "conv_library.h"

namespace segue {

/// cuBLASLt on the current device. Null if there is none or it does not start: `problem` says why. It is opened at run time: linked, it
/// would cost every start of the program 75 ms and 200 MB, and a machine without it could not start the program at all.
std::unique_ptr<ConvLibrary> cublas_library(std::string& problem);

}  // namespace segue
