// Softmax over classes and cross entropy against labels.
#pragma once

#include "exec.h"
#include "options.h"
#include "view.h"

namespace segue::kernels {

/// Mean softmax cross entropy and, if wanted, its gradient, in one pass.
///
///   loss    = inv_norm sum_p w_p (log sum_c exp(z_pc) - z_p,label)
///   dlogits = w_p (softmax(z_p) - onehot(label)),   w_p = weights[p] class_weights[label], 0 if p is ignored
///
/// logits         (..,C) f32, on CUDA also bf16 and f16   in     z; C <= 256 classes
/// labels         (..)   u8                               in     classes, or `ignore`; any other value is bad and
///                                                               counts as ignored
/// weights        (..)   f32                              in     or absent: 1
/// class_weights  (C)    f32                              in     or absent: 1
/// inv_norm       ()     f32                              in     see label_norm
/// loss           ()     f32                              out    nats
/// dlogits        as logits                               out    or absent; for d(loss) = 1 / inv_norm
///                                                               (docs/numbers.md); not overlapping logits
/// status         ()     u32                              inout  kStatusBadLabel is set if a label is bad
/// Throws   invalid_argument if shapes, types or pitches disagree, or C > 256.
/// Traffic  reads logits, labels, weights, writes dlogits; scratch: a partial sum per block.  Deterministic.
///          Capture-safe.
/// Source   Milakov and Gimelshein 2018, arXiv:1805.02867; PyTorch's cross_entropy(weight, ignore_index).
void softmax_xent(const CpuExec& exec, const View& logits, const View& labels, const View& weights,
                  const View& class_weights, const View& inv_norm, const View& loss, const View& dlogits,
                  const View& status, const LabelOptions& options);
void softmax_xent(const CudaExec& exec, const View& logits, const View& labels, const View& weights,
                  const View& class_weights, const View& inv_norm, const View& loss, const View& dlogits,
                  const View& status, const LabelOptions& options);

}  // namespace segue::kernels
