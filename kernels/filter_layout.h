// Between filters as segue keeps them, dense, and as cuDNN reads them, with padded channels. Helpers of the CUDA
// convolutions; capture-safe, deterministic.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue::kernels::conv {

/// packed[k,r,s,c] = w[k,r,s,c], 0 where k or c is padding. `w` is dense (K,R,S,C) f32, bf16 or f16; `packed` has
/// padded_k rows of R S padded_c elements of its type.
void pack_filter(const CudaExec& exec, const View& w, int64_t padded_k, int64_t padded_c, void* packed);

/// dw[k,r,s,c] = or += packed[k,r,s,c]: the gradient comes back, widened to f32, without the padding. `dw` is dense
/// (K,R,S,C) f32; `packed` has rows of R S padded_c elements of type `dtype`.
void unpack_filter_gradient(const CudaExec& exec, const void* packed, DType dtype, int64_t padded_c, const View& dw,
                            bool accumulate);

/// y[pixel,k] = bias[k] rounded to the type of y, 0 in padding lanes. `bias` is f32 (K), `y` of any pitch.
void spread_bias(const CudaExec& exec, const View& bias, const View& y);

}  // namespace segue::kernels::conv
