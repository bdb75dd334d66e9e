// upsample_pseudo_label with the exp2f of a device: that of CUDA may err by 2 ulp, the host's errs by less than one. Here
// every result is off by as much as is allowed; powers of two are exact, as on devices.
#include "tests/simt/language.h"

// The functions of headers that are compiled here are others than those of the plain kernel.
#include "kernels/launch.h"
#undef SEGUE_GPU_BACKEND
#define SEGUE_GPU_BACKEND rough_backend

namespace {

float rough_exp2f(float x) {
  const float y = exp2f(x);
  if (x == rintf(x) || !(y > 1e-37f && y < 1e38f)) return y;
  uint32_t h = std::bit_cast<uint32_t>(x) * 0x9E3779B1u;
  h = (h ^ (h >> 15)) * 0x85EBCA6Bu;
  return std::bit_cast<float>(std::bit_cast<uint32_t>(y) + (h >> 31 ? 2u : -2u));
}

}  // namespace

#define exp2f rough_exp2f
#define upsample_pseudo_label upsample_pseudo_label_rough
#include "kernels/upsample_pseudo_label_cuda.cu"
