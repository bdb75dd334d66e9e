// Kullback-Leibler divergence between two softmaxes.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue::kernels {

/// Mean over pixels of the weighted divergence of a student's softmax from a teacher's and, if wanted, its gradient for
/// the student, in one pass. The mean is over all P pixels, those of weight 0 too.
///
///   loss    = 1/P sum_p w_p sum_c t_pc (log t_pc - log q_pc),   t = softmax(teacher), q = softmax(logits)
///   dlogits = w_p (q - t)
///
/// logits   (..,C) f32, on CUDA also bf16 and f16   in   student; C <= 256 classes, P >= 1 pixels
/// teacher  as logits                               in   logits too; receives no gradient
/// weights  (..)   f32                              in   or absent: 1
/// loss     ()     f32                              out  nats
/// dlogits  as logits                               out  or absent; for d(loss) = P (docs/numbers.md); not overlapping
///                                                    logits or teacher
/// Throws   invalid_argument if shapes, types or pitches disagree, C > 256, or there is no pixel.
/// Traffic  reads logits, teacher, weights, writes dlogits; scratch: a partial sum per block.  Deterministic.
///          Capture-safe.
/// Source   Hinton et al. 2015, arXiv:1503.02531; as a consistency loss: Xie et al. 2020, arXiv:1904.12848.
void kl_div(const CpuExec& exec, const View& logits, const View& teacher, const View& weights, const View& loss,
            const View& dlogits);
void kl_div(const CudaExec& exec, const View& logits, const View& teacher, const View& weights, const View& loss,
            const View& dlogits);

}  // namespace segue::kernels
