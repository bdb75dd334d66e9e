// The three convolutions on CUDA, as cuDNN computes them: what conv2d and conv_transpose2d share. The counterpart of
// conv_paths.h.
#pragma once

#include "conv_common.h"
#include "exec.h"
#include "view.h"

namespace segue::kernels::conv {

/// y = or += bias + conv(x, w); bias may be absent, and is rounded to the type of y as the filters are.
void forward(const CudaExec& exec, const char* where, const Problem& problem, const View& x, const View& w,
             const View& bias, const View& y, bool accumulate);
/// dx = or += bias + the gradient of the input; bias (c) may be absent: the transposed convolution has one.
void input_gradient(const CudaExec& exec, const char* where, const Problem& problem, const View& dy, const View& w,
                    const View& bias, const View& dx, bool accumulate);
/// dw = or += the gradient of the filters. In bf16 and f16 cuDNN rounds it to that type before it becomes f32.
void filter_gradient(const CudaExec& exec, const char* where, const Problem& problem, const View& x, const View& dy,
                     const View& dw, bool accumulate);

}  // namespace segue::kernels::conv
