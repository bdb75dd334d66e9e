// Which code computes a convolution: the one place that decides, from shapes alone.
#pragma once

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

}  // namespace segue::kernels::conv
