// Philox4x32-10, a counter-based random source. Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".
// A value is a function of (seed, step, call, element) and of nothing else: not of grid, threads or device.
#pragma once

#include <cstdint>

#include "host_device.h"

namespace segue {

struct Philox4 {
  uint32_t v[4];
};

/// Ten rounds on a 128-bit counter with a 64-bit key.
SEGUE_HOST_DEVICE Philox4 philox4x32(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, uint32_t k0, uint32_t k1) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t(0xD2511F53u) * c0, p1 = uint64_t(0xCD9E8D57u) * c2;
    const uint32_t n0 = uint32_t(p1 >> 32) ^ c1 ^ k0, n2 = uint32_t(p0 >> 32) ^ c3 ^ k1;
    c1 = uint32_t(p1);
    c3 = uint32_t(p0);
    c0 = n0;
    c2 = n2;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

/// Names one random call of a program: the seed of the run, the number of the call within its step. The step itself is
/// read from device memory, so that a recorded step can be replayed.
struct RandomKey {
  uint64_t seed = 0;
  uint32_t call = 0;
};

/// Four values at once: those of elements 4*quad .. 4*quad+3.
SEGUE_HOST_DEVICE Philox4 random_quad(RandomKey key, uint64_t step, uint64_t quad) {
  return philox4x32(uint32_t(quad), uint32_t(quad >> 32), key.call, uint32_t(step), uint32_t(key.seed),
                    uint32_t(key.seed >> 32));
}

SEGUE_HOST_DEVICE uint32_t random_u32(RandomKey key, uint64_t step, uint64_t element) {
  return random_quad(key, step, element / 4).v[element % 4];
}

/// Uniform in [0, 1): the upper 24 bits, exact in f32.
SEGUE_HOST_DEVICE float to_uniform(uint32_t bits) { return float(bits >> 8) * (1.0f / 16777216.0f); }

SEGUE_HOST_DEVICE float random_uniform(RandomKey key, uint64_t step, uint64_t element) {
  return to_uniform(random_u32(key, step, element));
}

}  // namespace segue
