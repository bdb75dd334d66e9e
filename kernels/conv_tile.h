// The innermost loops of the convolutions: 8-lane vectors and register tiles of 6 rows by 16 columns.
#pragma once

#include <cstdint>

#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#endif

#if defined(__GNUC__) && !defined(__clang__) && !defined(__AVX__)
#pragma GCC diagnostic ignored "-Wpsabi"  // vectors never cross an object file here
#endif

namespace segue::kernels::conv {

/// Rows and columns of a register tile: 12 accumulators of 8 lanes, 2 for a row of B and 2 to spare, of the 16
/// registers of AVX2.
constexpr int64_t kTileRows = 6, kTileCols = 16;

using v8 = float __attribute__((vector_size(32)));
using v8_any = float __attribute__((vector_size(32), aligned(4), may_alias));

inline v8 load8(const float* p) { return *reinterpret_cast<const v8_any*>(p); }
inline void store8(float* p, v8 v) { *reinterpret_cast<v8_any*>(p) = v; }
inline v8 splat8(float x) { return v8{x, x, x, x, x, x, x, x}; }
inline v8 fma8(v8 a, v8 b, v8 c) {
#if defined(__AVX2__) && defined(__FMA__)
  return _mm256_fmadd_ps(a, b, c);
#else
  return a * b + c;
#endif
}

/// dst[i * 16 + j] = src[j * stride + i] for i < rows, j < cols <= 16; the columns beyond `cols` become 0.
inline void pack_transposed(float* dst, const float* src, int64_t stride, int64_t rows, int64_t cols) {
  int64_t i = 0;
#if defined(__AVX2__) && defined(__FMA__)
  for (; cols == kTileCols && i + 8 <= rows; i += 8) {
    for (int64_t j = 0; j < kTileCols; j += 8) {
      const float* s = src + j * stride + i;
      __m256 r0 = load8(s), r1 = load8(s + stride), r2 = load8(s + 2 * stride), r3 = load8(s + 3 * stride);
      __m256 r4 = load8(s + 4 * stride), r5 = load8(s + 5 * stride), r6 = load8(s + 6 * stride),
             r7 = load8(s + 7 * stride);
      const __m256 a0 = _mm256_unpacklo_ps(r0, r1), a1 = _mm256_unpackhi_ps(r0, r1), a2 = _mm256_unpacklo_ps(r2, r3),
                   a3 = _mm256_unpackhi_ps(r2, r3), a4 = _mm256_unpacklo_ps(r4, r5), a5 = _mm256_unpackhi_ps(r4, r5),
                   a6 = _mm256_unpacklo_ps(r6, r7), a7 = _mm256_unpackhi_ps(r6, r7);
      r0 = _mm256_shuffle_ps(a0, a2, 0x44), r1 = _mm256_shuffle_ps(a0, a2, 0xee);
      r2 = _mm256_shuffle_ps(a1, a3, 0x44), r3 = _mm256_shuffle_ps(a1, a3, 0xee);
      r4 = _mm256_shuffle_ps(a4, a6, 0x44), r5 = _mm256_shuffle_ps(a4, a6, 0xee);
      r6 = _mm256_shuffle_ps(a5, a7, 0x44), r7 = _mm256_shuffle_ps(a5, a7, 0xee);
      float* d = dst + i * kTileCols + j;
      store8(d, _mm256_permute2f128_ps(r0, r4, 0x20)), store8(d + 16, _mm256_permute2f128_ps(r1, r5, 0x20));
      store8(d + 32, _mm256_permute2f128_ps(r2, r6, 0x20)), store8(d + 48, _mm256_permute2f128_ps(r3, r7, 0x20));
      store8(d + 64, _mm256_permute2f128_ps(r0, r4, 0x31)), store8(d + 80, _mm256_permute2f128_ps(r1, r5, 0x31));
      store8(d + 96, _mm256_permute2f128_ps(r2, r6, 0x31)), store8(d + 112, _mm256_permute2f128_ps(r3, r7, 0x31));
    }
  }
#endif
  for (; i < rows; ++i)
    for (int64_t j = 0; j < kTileCols; ++j) dst[i * kTileCols + j] = j < cols ? src[j * stride + i] : 0.f;
}

/// dst[i * 16 + j] = src[i * stride + j] for i < rows, j < cols <= 16; the columns beyond `cols` become 0.
inline void pack_rows(float* dst, const float* src, int64_t stride, int64_t rows, int64_t cols) {
  if (cols == kTileCols) {
    for (int64_t i = 0; i < rows; ++i, dst += kTileCols, src += stride) {
      store8(dst, load8(src));
      store8(dst + 8, load8(src + 8));
    }
    return;
  }
  for (int64_t i = 0; i < rows; ++i, dst += kTileCols, src += stride)
    for (int64_t j = 0; j < kTileCols; ++j) dst[j] = j < cols ? src[j] : 0.f;
}

/// A stretch of the sum of one tile: where its 6 rows of A start, and how far into the packed panel its B starts.
struct Stretch {
  const float* a[kTileRows];
  int64_t b;
};

/// What a tile does with what is in C.
enum class Write { store, add };

/// C[m][0:16] = or += the sum over `count` stretches of `len` products of A rows and the panel b (rows of 16).
/// Vectors: how many 8-lane halves of the panel are wanted.
template <int Vectors>
inline void tile_gather(const Stretch* stretches, int64_t count, int64_t len, const float* b,
                        v8 (&acc)[kTileRows][Vectors]) {
  for (int64_t s = 0; s < count; ++s) {
    const Stretch& x = stretches[s];
    const float *a0 = x.a[0], *a1 = x.a[1], *a2 = x.a[2], *a3 = x.a[3], *a4 = x.a[4], *a5 = x.a[5];
    const float* p = b + x.b;
#pragma GCC unroll 4
    for (int64_t i = 0; i < len; ++i, p += kTileCols) {
      v8 row[Vectors];
      for (int v = 0; v < Vectors; ++v) row[v] = load8(p + 8 * v);
      const v8 x0 = splat8(a0[i]), x1 = splat8(a1[i]);
      for (int v = 0; v < Vectors; ++v) acc[0][v] = fma8(x0, row[v], acc[0][v]);
      for (int v = 0; v < Vectors; ++v) acc[1][v] = fma8(x1, row[v], acc[1][v]);
      const v8 x2 = splat8(a2[i]), x3 = splat8(a3[i]);
      for (int v = 0; v < Vectors; ++v) acc[2][v] = fma8(x2, row[v], acc[2][v]);
      for (int v = 0; v < Vectors; ++v) acc[3][v] = fma8(x3, row[v], acc[3][v]);
      const v8 x4 = splat8(a4[i]), x5 = splat8(a5[i]);
      for (int v = 0; v < Vectors; ++v) acc[4][v] = fma8(x4, row[v], acc[4][v]);
      for (int v = 0; v < Vectors; ++v) acc[5][v] = fma8(x5, row[v], acc[5][v]);
    }
  }
}

/// The same with both operands packed: a in rows `step` floats apart, of which 6 are read, b in rows of 16.
inline void tile_packed(const float* a, int64_t step, const float* b, int64_t len, v8 (&acc)[kTileRows][2]) {
#pragma GCC unroll 4
  for (int64_t i = 0; i < len; ++i, a += step, b += kTileCols) {
    const v8 lo = load8(b), hi = load8(b + 8);
    const v8 x0 = splat8(a[0]), x1 = splat8(a[1]);
    acc[0][0] = fma8(x0, lo, acc[0][0]), acc[0][1] = fma8(x0, hi, acc[0][1]);
    acc[1][0] = fma8(x1, lo, acc[1][0]), acc[1][1] = fma8(x1, hi, acc[1][1]);
    const v8 x2 = splat8(a[2]), x3 = splat8(a[3]);
    acc[2][0] = fma8(x2, lo, acc[2][0]), acc[2][1] = fma8(x2, hi, acc[2][1]);
    acc[3][0] = fma8(x3, lo, acc[3][0]), acc[3][1] = fma8(x3, hi, acc[3][1]);
    const v8 x4 = splat8(a[4]), x5 = splat8(a[5]);
    acc[4][0] = fma8(x4, lo, acc[4][0]), acc[4][1] = fma8(x4, hi, acc[4][1]);
    acc[5][0] = fma8(x5, lo, acc[5][0]), acc[5][1] = fma8(x5, hi, acc[5][1]);
  }
}

/// Puts a row of a tile away: the first `cols` of its lanes, added to what is there or not.
inline void write_row(float* c, v8 lo, v8 hi, int64_t cols, Write write) {
  if (cols == kTileCols) {
    if (write == Write::add) lo += load8(c), hi += load8(c + 8);
    store8(c, lo);
    store8(c + 8, hi);
    return;
  }
  float row[kTileCols];
  store8(row, lo);
  store8(row + 8, hi);
  for (int64_t j = 0; j < cols; ++j) c[j] = write == Write::add ? c[j] + row[j] : row[j];
}

}  // namespace segue::kernels::conv
