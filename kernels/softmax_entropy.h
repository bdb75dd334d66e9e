// Entropy of the softmax over the channels: per pixel, per class, and its mean, with gradients.
//
// All in nats. ADVENT divides by log C, so that an entropy lies in [0, 1]: the losses do that with the weight they
// multiply by anyway. p log p is 0 at p = 0, also where a logit is -inf.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue::kernels {

/// Entropy of every pixel's class distribution.
///
///   p = softmax(logits over c);   entropy = -sum_c p_c log p_c
///
/// logits   (...,C) f32, on CUDA also bf16 and f16   in   1 <= C <= 256
/// entropy  (...) f32                                out  as logits without the channels, nats
/// Throws   invalid_argument if shapes or types disagree or C is out of range.
/// Traffic  C sizeof(T) + 4 bytes a pixel: reads logits, writes entropy.  Deterministic. Capture-safe.
/// Source   Vu et al. 2019, "ADVENT", arXiv:1811.12833, equation 2 (there divided by log C).
void softmax_entropy(const CpuExec& exec, const View& logits, const View& entropy);
void softmax_entropy(const CudaExec& exec, const View& logits, const View& entropy);

/// Gradient of softmax_entropy; the distribution is computed again.
///
///   dlogits_j = -dentropy p_j (log p_j + entropy)
///
/// logits   (...,C) f32, on CUDA also bf16 and f16   in   1 <= C <= 256
/// dentropy (...) f32                                in
/// dlogits  as logits                                out  may be logits itself
/// Throws   invalid_argument if shapes or types disagree or C is out of range.
/// Traffic  2 C sizeof(T) + 4 bytes a pixel: reads logits and dentropy, writes dlogits.  Deterministic. Capture-safe.
/// Source   the derivative of the above.
void softmax_entropy_grad(const CpuExec& exec, const View& logits, const View& dentropy, const View& dlogits);
void softmax_entropy_grad(const CudaExec& exec, const View& logits, const View& dentropy, const View& dlogits);

/// Each class's share of the entropy: the map that an entropy discriminator sees.
///
///   information_c = -p_c log p_c
///
/// logits       (...,C) f32, on CUDA also bf16 and f16   in   1 <= C <= 256
/// information  as logits                                out  nats; may be logits itself
/// Throws   invalid_argument if shapes or types disagree or C is out of range.
/// Traffic  2 C sizeof(T) bytes a pixel: reads logits, writes information.  Deterministic. Capture-safe.
/// Source   Vu et al. 2019, "ADVENT", arXiv:1811.12833, section 3.2 (there divided by log C).
void softmax_information(const CpuExec& exec, const View& logits, const View& information);
void softmax_information(const CudaExec& exec, const View& logits, const View& information);

/// Gradient of softmax_information; the distribution is computed again.
///
///   dlogits_j = p_j (sum_c p_c (1 + log p_c) dinformation_c - (1 + log p_j) dinformation_j)
///
/// logits       (...,C) f32, on CUDA also bf16 and f16   in   1 <= C <= 256
/// dinformation as logits                                in
/// dlogits      as logits                                out  may be logits or dinformation itself
/// Throws   invalid_argument if shapes or types disagree or C is out of range.
/// Traffic  3 C sizeof(T) bytes a pixel: reads logits and dinformation, writes dlogits.  Deterministic. Capture-safe.
/// Source   the derivative of the above.
void softmax_information_grad(const CpuExec& exec, const View& logits, const View& dinformation, const View& dlogits);
void softmax_information_grad(const CudaExec& exec, const View& logits, const View& dinformation, const View& dlogits);

/// Mean entropy over all pixels, and its gradient in the same pass.
///
///   mean = 1/pixels sum over pixels of entropy;   dlogits_j = -p_j (log p_j + entropy)
///
/// logits   (...,C) f32, on CUDA also bf16 and f16   in   at least one pixel, 1 <= C <= 256
/// mean     () f32                                   out  nats
/// dlogits  as logits                                out  or absent; for d(mean) = pixels (docs/numbers.md); may
///                                                        be logits itself
/// Throws   invalid_argument if shapes or types disagree, C is out of range or there is no pixel.
/// Traffic  2 C sizeof(T) bytes a pixel: reads logits, writes dlogits; scratch: a partial sum per block.
///          Deterministic. Capture-safe.
/// Source   Vu et al. 2019, "ADVENT", arXiv:1811.12833, equation 4 (there a sum, divided by log C).
void softmax_entropy_mean(const CpuExec& exec, const View& logits, const View& mean, const View& dlogits);
void softmax_entropy_mean(const CudaExec& exec, const View& logits, const View& mean, const View& dlogits);

}  // namespace segue::kernels
