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
/// parts    (...,C_i) f32         in   at least one; equal but for the channels
/// y        (...,sum of C_i) f32  out  overlapping none of them
/// Throws   invalid_argument if shapes disagree.
/// Traffic  reads the parts, writes y.  Deterministic. Capture-safe.
/// Source   none.
void concat(const CpuExec& exec, const std::vector<View>& parts, const View& y);

/// Gradient of one part of a joined tensor.
///
///   dpart[p, c] (+)= dy[p, first_channel + c]
///
/// dy       (...,C) f32       in
/// first_channel  host constant    of the part within y
/// dpart    (...,C_i) f32     out  (inout if accumulate) not overlapping dy
/// accumulate  host constant       add to what is there
/// Throws   invalid_argument if shapes disagree, or the part reaches out of dy.
/// Traffic  reads the part of dy, writes dpart (reads it too if accumulate).  Deterministic. Capture-safe.
/// Source   the transpose of the above.
void concat_grad(const CpuExec& exec, const View& dy, int64_t first_channel, const View& dpart, bool accumulate);

}  // namespace segue::kernels
