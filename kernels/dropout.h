// Dropout.
#pragma once

#include "exec.h"
#include "options.h"
#include "philox.h"
#include "view.h"

namespace segue::kernels {

/// Sets a random part of the values to zero and enlarges the others, so that their expectation stays.
///
///   y_i = u(e) >= rate ? x_i / (1 - rate) : 0,  u = uniform of (key, step, e)
///
///   e = i, the linear index, for DropoutMode::element; n C + c for DropoutMode::channel, where whole channels drop out
///
/// T is f32; on CUDA also bf16 or f16, at any pitch, the same for operands of equal channels.
///
/// x        any shape T       in   (N,...,C) for DropoutMode::channel
/// y        as x              out  may be x itself
/// rate     host constant          in [0, 1): share of the values that become 0; at 0, y is x bit by bit
/// mode     host constant
/// key      host constant          seed and number of the random call
/// step     () u64            in   read when the kernel runs
/// Throws   invalid_argument if shapes, types or pitches differ, the rate is not in [0, 1), or step is not one u64.
/// Traffic  reads and writes every element once.  Deterministic. Capture-safe.
/// Source   Srivastava et al. 2014, JMLR 15; channels: Tompson et al. 2015, arXiv:1411.4280.
void dropout(const CpuExec& exec, const View& x, const View& y, float rate, DropoutMode mode, RandomKey key,
             const View& step);
void dropout(const CudaExec& exec, const View& x, const View& y, float rate, DropoutMode mode, RandomKey key,
             const View& step);

/// Gradient of dropout: the same values are zero, because the same random numbers are made again.
///
///   dx_i = u(e) >= rate ? dy_i / (1 - rate) : 0,  u and e as in dropout
///
/// T is f32; on CUDA also bf16 or f16, at any pitch, the same for operands of equal channels.
///
/// dy       any shape T       in
/// dx       as dy             out  may be dy itself
/// rate     host constant          that of the forward call
/// mode     host constant          that of the forward call
/// key      host constant          that of the forward call
/// step     () u64            in   the same value as in the forward call
/// Throws   as dropout.
/// Traffic  reads and writes every element once.  Deterministic. Capture-safe.
/// Source   the derivative of the above.
void dropout_grad(const CpuExec& exec, const View& dy, const View& dx, float rate, DropoutMode mode, RandomKey key,
                  const View& step);
void dropout_grad(const CudaExec& exec, const View& dy, const View& dx, float rate, DropoutMode mode, RandomKey key,
                  const View& step);

}  // namespace segue::kernels
