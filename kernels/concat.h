// Joining tensors along their channels.
#pragma once

#include <vector>

#include "exec.h"
#include "view.h"

namespace segue::kernels {

/// Joins tensors along the last axis.
///
///   y[p, first_i + c] = parts[i][p, c],  first_i = channels of the parts before i
///
/// T is f32; on CUDA also bf16 or f16, at any pitch; parts may be slices there.
///
/// parts    (...,C_i) T           in   at least one; equal but for the channels
/// y        (...,sum of C_i) T    out  overlapping none of them
/// Throws   invalid_argument if shapes, types or pitches disagree.
/// Traffic  reads the parts, writes y.  Deterministic. Capture-safe.
/// Source   none.
void concat(const CpuExec& exec, const std::vector<View>& parts, const View& y);
void concat(const CudaExec& exec, const std::vector<View>& parts, const View& y);

/// Gradient of one part of a joined tensor.
///
///   dpart[p, c] (+)= dy[p, first_channel + c]
///
/// T is f32; on CUDA also bf16 or f16, at any pitch; dy may be a slice there.
///
/// dy       (...,C) T         in
/// first_channel  host constant    of the part within y
/// dpart    (...,C_i) T       out  (inout if accumulate) not overlapping dy
/// accumulate  host constant       add to what is there
/// Throws   invalid_argument if shapes, types or pitches disagree, or the part reaches out of dy.
/// Traffic  reads the part of dy, writes dpart (reads it too if accumulate).  Deterministic. Capture-safe.
/// Source   the transpose of the above.
void concat_grad(const CpuExec& exec, const View& dy, int64_t first_channel, const View& dpart, bool accumulate);
void concat_grad(const CudaExec& exec, const View& dy, int64_t first_channel, const View& dpart, bool accumulate);

}  // namespace segue::kernels
