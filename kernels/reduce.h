// Sums over whole tensors. Two passes: a partial sum for each block of fixed size, then those in order, in f64.
#pragma once

#include <vector>

#include "exec.h"
#include "view.h"

namespace segue::kernels {

/// Sum of all elements.
///
///   y = sum_i x_i
///
/// T is f32; on CUDA also bf16 or f16, at any pitch.
///
/// x        any shape T     in
/// y        () f32          out
/// Throws   invalid_argument if x is not of such a type or y is not one f32.
/// Traffic  reads x.  Deterministic. Capture-safe.
/// Source   none; added in f64, rounded once.
void sum(const CpuExec& exec, const View& x, const View& y);
void sum(const CudaExec& exec, const View& x, const View& y);

/// Gradient of the sum.
///
///   dx_i = dy
///
/// T is f32; on CUDA also bf16 or f16, at any pitch.
///
/// dy       () f32          in
/// dx       any shape T     out
/// Throws   invalid_argument if dx is not of such a type or dy is not one f32.
/// Traffic  writes dx.  Deterministic. Capture-safe.
/// Source   the derivative of the above.
void sum_grad(const CpuExec& exec, const View& dy, const View& dx);
void sum_grad(const CudaExec& exec, const View& dy, const View& dx);

/// Mean of all elements.
///
///   y = 1/n sum_i x_i
///
/// T is f32; on CUDA also bf16 or f16, at any pitch.
///
/// x        any shape T     in   of n elements, at least one
/// y        () f32          out
/// Throws   invalid_argument if x is not of such a type or empty, or y is not one f32.
/// Traffic  reads x.  Deterministic. Capture-safe.
/// Source   none; added in f64, rounded once.
void mean(const CpuExec& exec, const View& x, const View& y);
void mean(const CudaExec& exec, const View& x, const View& y);

/// Gradient of the mean.
///
///   dx_i = dy / n
///
/// T is f32; on CUDA also bf16 or f16, at any pitch.
///
/// dy       () f32          in
/// dx       any shape T     out  of n elements, at least one
/// Throws   invalid_argument if dx is not of such a type or empty, or dy is not one f32.
/// Traffic  writes dx.  Deterministic. Capture-safe.
/// Source   the derivative of the above.
void mean_grad(const CpuExec& exec, const View& dy, const View& dx);
void mean_grad(const CudaExec& exec, const View& dy, const View& dx);

/// Sum of the squares of all elements: the square of the norm of a slab of gradients.
///
///   y = sum_i x_i^2
///
/// T is f32; on CUDA also bf16 or f16, at any pitch.
///
/// x        any shape T     in
/// y        () f32          out
/// Throws   invalid_argument if x is not of such a type or y is not one f32.
/// Traffic  reads x.  Deterministic. Capture-safe.
/// Source   none; added in f64, rounded once.
void sum_of_squares(const CpuExec& exec, const View& x, const View& y);
void sum_of_squares(const CudaExec& exec, const View& x, const View& y);

/// Weighted sum of scalars: a loss of several terms, with the weights of this step.
///
///   y = sum_i weights[i] terms[i]
///
/// terms    () f32          in   n of them, at least one
/// weights  (n) f32         in   or () for n = 1; read when the kernel runs
/// y        () f32          out  none of the terms
/// Throws   invalid_argument if there is no term or a shape disagrees.
/// Traffic  reads n terms and weights.  Deterministic. Capture-safe.
/// Source   none; added in f64 in order, rounded once.
void weighted_sum(const CpuExec& exec, const std::vector<View>& terms, const View& weights, const View& y);
void weighted_sum(const CudaExec& exec, const std::vector<View>& terms, const View& weights, const View& y);

/// Gradient of one term of a weighted sum.
///
///   dterm = weights[index] dy
///
/// dy       () f32          in
/// weights  (n) f32         in   or () for n = 1; read when the kernel runs
/// index    host constant        of the term, below n
/// dterm    () f32          out  may be dy itself
/// Throws   invalid_argument if a shape disagrees or the index is out of range.
/// Traffic  a few bytes.  Deterministic. Capture-safe.
/// Source   the derivative of the above.
void weighted_sum_grad(const CpuExec& exec, const View& dy, const View& weights, int64_t index, const View& dterm);
void weighted_sum_grad(const CudaExec& exec, const View& dy, const View& weights, int64_t index, const View& dterm);

}  // namespace segue::kernels
