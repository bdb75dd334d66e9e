// The convolutions of the CPU device.
#pragma once

#include <string>

#include "conv_common.h"

namespace segue::kernels::conv {

/// y = or += bias + conv(x, w); bias may be null.
void forward(const CpuExec& exec, const Problem& problem, const float* x, const float* w, const float* bias, float* y,
             bool accumulate);
/// dx = or += bias + the gradient of the input; bias (c) may be null: the transposed convolution has one.
void input_gradient(const CpuExec& exec, const Problem& problem, const float* dy, const float* w, const float* bias,
                    float* dx, bool accumulate);
/// dw = or += the gradient of the filters.
void filter_gradient(const CpuExec& exec, const Problem& problem, const float* x, const float* dy, float* dw,
                     bool accumulate);

/// What the bits of a convolution depend on beside its operands: the choice of a way by shape (conv_paths.cpp) and
/// everything that fixes the order of a sum. Changes with them; checkpoints record it.
constexpr const char* kPlanTable = "cpu-2";

/// The instruction set of the CPU code, and of its convolutions where that is another: "avx2, convolutions avx512".
/// SEGUE_CPU_ISA in the environment names a lesser one, so that two machines compute the same bits; checkpoints record it.
/// Throws usage if this build or this machine does not have the one named.
std::string instruction_set();

}  // namespace segue::kernels::conv
