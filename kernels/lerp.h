// Linear interpolation between two tensors.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue::kernels {

/// Moves a tensor a part of the way towards another one: the running average of a teacher over a whole slab.
///
///   y = weight = 1 ? x : y + weight (x - y)
///
/// A running average of decay d has weight 1 - d. At weight 1, y becomes x bit by bit, whatever it held before; at
/// weight 0 it stays as it is.
///
/// y        any shape f32           inout
/// x        as y                    in
/// weight   () f32                  in     share of x, 0 to 1; read when the kernel runs
/// rounded  as y, bf16 or f16       out    y rounded to this type, the twin that a network computes with; may be absent,
///                                         on the CPU it must be
/// Throws   invalid_argument if shapes or types differ, or weight is not one f32.
/// Traffic  reads x and y, writes y and `rounded`.  Deterministic. Capture-safe.
/// Source   Tarvainen and Valpola 2017, "Mean teachers are better role models", arXiv:1703.01780.
void lerp(const CpuExec& exec, const View& y, const View& x, const View& weight, const View& rounded);
void lerp(const CudaExec& exec, const View& y, const View& x, const View& weight, const View& rounded);

}  // namespace segue::kernels
