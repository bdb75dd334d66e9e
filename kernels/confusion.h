// Confusion matrix of predicted and true classes.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue::kernels {

/// Counts (label, prediction) pairs into a matrix. What cannot be counted is skipped: pixels with the label `ignore`,
/// silently; a label that is neither a class nor `ignore`, and a prediction that is not a class where the label is one,
/// with kStatusBadLabel in the status word (a network with more classes than the label map is bad data as well).
///
///   matrix[label][prediction] += 1
///
/// predictions any shape u8   in
/// labels      as predictions in   train ids
/// matrix      (C,C) u64      inout  pixels; rows are labels, 1 <= C <= 256
/// status      () u32         inout  bits are set, never cleared; see status.h
/// ignore      host constant  -1 .. 255; -1: no label is ignored. A class may be ignored too
/// Throws   invalid_argument if shapes or types disagree or C is out of range.
/// Traffic  2 bytes a pixel: reads predictions and labels; adds to matrix once a block.  Deterministic. Capture-safe.
/// Source   Long et al. 2015, "Fully convolutional networks", arXiv:1411.4038, section 5 (metrics).
void confusion(const CpuExec& exec, const View& predictions, const View& labels, const View& matrix, const View& status,
               int ignore);
void confusion(const CudaExec& exec, const View& predictions, const View& labels, const View& matrix,
               const View& status, int ignore);

}  // namespace segue::kernels
