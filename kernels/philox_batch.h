// Philox on the CPU, eight quads at once.
#pragma once

#include "philox.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace segue {

/// Words of one random_batch().
constexpr int64_t kRandomBatch = 32;

/// words[i] = random_u32(key, step, 4 quad + i) for i in [0, kRandomBatch).
inline void random_batch(RandomKey key, uint64_t step, uint64_t quad, uint32_t* words) {
#if defined(__AVX2__)
  // The rounds of philox4x32() on 64-bit lanes, a quad each, whose lower halves count: so the products need no
  // shuffles, which is what the compiler makes of the plain loop. Two vectors, so that one's latency hides the other's.
  const auto wide = [](uint64_t v) { return _mm256_set1_epi64x(static_cast<long long>(v)); };
  __m256i c0[2], c1[2], c2[2], c3[2];
  for (int v = 0; v < 2; ++v) {
    c0[v] = _mm256_add_epi64(wide(quad + 4 * uint64_t(v)), _mm256_setr_epi64x(0, 1, 2, 3));
    c1[v] = _mm256_srli_epi64(c0[v], 32);
    c2[v] = wide(key.call);
    c3[v] = wide(step);
  }
  uint32_t k0 = uint32_t(key.seed), k1 = uint32_t(key.seed >> 32);
  for (int round = 0; round < 10; ++round) {
    for (int v = 0; v < 2; ++v) {
      const __m256i p0 = _mm256_mul_epu32(wide(0xD2511F53u), c0[v]), p1 = _mm256_mul_epu32(wide(0xCD9E8D57u), c2[v]);
      c0[v] = _mm256_xor_si256(_mm256_srli_epi64(p1, 32), _mm256_xor_si256(c1[v], wide(k0)));
      c2[v] = _mm256_xor_si256(_mm256_srli_epi64(p0, 32), _mm256_xor_si256(c3[v], wide(k1)));
      c1[v] = p1;
      c3[v] = p0;
    }
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  for (int v = 0; v < 2; ++v) {
    const __m256i low = _mm256_blend_epi32(c0[v], _mm256_slli_epi64(c1[v], 32), 0xAA);   // words 0, 1 of each quad
    const __m256i high = _mm256_blend_epi32(c2[v], _mm256_slli_epi64(c3[v], 32), 0xAA);  // words 2, 3
    const __m256i even = _mm256_unpacklo_epi64(low, high), odd = _mm256_unpackhi_epi64(low, high);
    auto* to = reinterpret_cast<__m256i*>(words + 16 * v);
    _mm256_storeu_si256(to, _mm256_permute2x128_si256(even, odd, 0x20));
    _mm256_storeu_si256(to + 1, _mm256_permute2x128_si256(even, odd, 0x31));
  }
#else
  for (int64_t i = 0; i < kRandomBatch; i += 4) {
    const Philox4 p = random_quad(key, step, quad + uint64_t(i / 4));
    for (int64_t k = 0; k < 4; ++k) words[i + k] = p.v[k];
  }
#endif
}

}  // namespace segue
