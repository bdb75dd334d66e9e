// The innermost loops of the convolutions: vectors as wide as the machine's, and register tiles of a few of them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#define SEGUE_CONV_AVX2 1
#if defined(__AVX512F__)
#define SEGUE_CONV_AVX512 1
#endif
#endif

namespace segue::kernels::conv::SEGUE_CONV_ISA {

/// A tile holds its sums in kTileRows x kTileVectors registers: 24 of the 32 of AVX-512, 12 of the 16 of AVX2 and of
/// older machines. The others hold a row of B and values of A.
#if defined(SEGUE_CONV_AVX512)
constexpr int64_t kLanes = 16, kTileVectors = 4, kTileRows = 6;
#elif defined(SEGUE_CONV_AVX2)
constexpr int64_t kLanes = 8, kTileVectors = 2, kTileRows = 6;
#else
constexpr int64_t kLanes = 4, kTileVectors = 3, kTileRows = 4;
#endif
constexpr int64_t kTileCols = kLanes * kTileVectors;

using Vec = float __attribute__((vector_size(kLanes * sizeof(float))));
using VecAny = float __attribute__((vector_size(kLanes * sizeof(float)), aligned(4), may_alias));

inline Vec load(const float* p) { return *reinterpret_cast<const VecAny*>(p); }
inline void store(float* p, Vec v) { *reinterpret_cast<VecAny*>(p) = v; }

inline Vec splat(float x) {
#if defined(SEGUE_CONV_AVX512)
  return _mm512_set1_ps(x);
#elif defined(SEGUE_CONV_AVX2)
  return _mm256_set1_ps(x);
#else
  return Vec{x, x, x, x};
#endif
}

/// a b + c
inline Vec multiply_add(Vec a, Vec b, Vec c) {
#if defined(SEGUE_CONV_AVX512)
  return _mm512_fmadd_ps(a, b, c);
#elif defined(SEGUE_CONV_AVX2)
  return _mm256_fmadd_ps(a, b, c);
#else
  return a * b + c;
#endif
}

#if defined(SEGUE_CONV_AVX512)
inline __mmask16 first_lanes(int64_t lanes) { return __mmask16((1u << lanes) - 1); }
#elif defined(SEGUE_CONV_AVX2)
inline __m256i first_lanes(int64_t lanes) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(int(lanes)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
#endif

/// The first `lanes` lanes from p, of which no more is read; the others 0.
inline Vec load_lanes(const float* p, int64_t lanes) {
  if (lanes >= kLanes) return load(p);
#if defined(SEGUE_CONV_AVX512)
  return _mm512_maskz_loadu_ps(first_lanes(lanes), p);
#elif defined(SEGUE_CONV_AVX2)
  return _mm256_maskload_ps(p, first_lanes(lanes));
#else
  float t[kLanes] = {};
  for (int64_t i = 0; i < lanes; ++i) t[i] = p[i];
  return load(t);
#endif
}

/// What is done with what the memory holds.
enum class Write { store, add };

/// Writes or adds the first `lanes` lanes.
inline void store_lanes(float* p, Vec v, int64_t lanes, Write write = Write::store) {
  if (write == Write::add) v += load_lanes(p, lanes);
  if (lanes >= kLanes) return store(p, v);
#if defined(SEGUE_CONV_AVX512)
  _mm512_mask_storeu_ps(p, first_lanes(lanes), v);
#elif defined(SEGUE_CONV_AVX2)
  _mm256_maskstore_ps(p, first_lanes(lanes), v);
#else
  float t[kLanes];
  store(t, v);
  for (int64_t i = 0; i < lanes; ++i) p[i] = t[i];
#endif
}

/// Writes the lanes that the rows of a tile want.
inline void store_rows(float* p, Vec v) {
#if defined(SEGUE_CONV_AVX2) && !defined(SEGUE_CONV_AVX512)
  static_assert(kTileRows == 6);  // two plain writes: a masked one is slow on some machines
  _mm_storeu_ps(p, _mm256_castps256_ps128(v));
  _mm_storel_pi(reinterpret_cast<__m64*>(p + 4), _mm256_extractf128_ps(v, 1));
#else
  store_lanes(p, v, kTileRows);
#endif
}

/// Vectors that hold `cols` columns, at most those of a tile: a panel that is cut off is packed and multiplied at its
/// own width.
inline int64_t vectors_for(int64_t cols) { return std::min(kTileVectors, (cols + kLanes - 1) / kLanes); }

/// Calls f(std::integral_constant<int, n>) for an n from 1 to `Most`.
template <int Most = int(kTileVectors), class F>
inline void with_vectors(int64_t n, F&& f) {
  if constexpr (Most > 1)
    if (n < Most) return with_vectors<Most - 1>(n, f);
  f(std::integral_constant<int, Most>());
}

#if defined(SEGUE_CONV_AVX2)
/// dst[i * width + j] = src[j * stride + i] for i, j < 8.
inline void transpose_8x8(float* dst, int64_t width, const float* src, int64_t stride) {
  __m256 r[8], a[8];
  for (int64_t i = 0; i < 8; ++i) r[i] = _mm256_loadu_ps(src + i * stride);
  for (int64_t i = 0; i < 8; i += 2)
    a[i] = _mm256_unpacklo_ps(r[i], r[i + 1]), a[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
  for (int64_t i = 0; i < 8; i += 4) {
    r[i] = _mm256_shuffle_ps(a[i], a[i + 2], 0x44), r[i + 1] = _mm256_shuffle_ps(a[i], a[i + 2], 0xee);
    r[i + 2] = _mm256_shuffle_ps(a[i + 1], a[i + 3], 0x44), r[i + 3] = _mm256_shuffle_ps(a[i + 1], a[i + 3], 0xee);
  }
  for (int64_t i = 0; i < 4; ++i) {
    _mm256_storeu_ps(dst + i * width, _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
    _mm256_storeu_ps(dst + (i + 4) * width, _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
  }
}
#endif

/// dst[i * width + j] = src[j * stride + i] for i < rows, j < cols <= width; the columns beyond `cols` become 0.
inline void pack_transposed(float* dst, int64_t width, const float* src, int64_t stride, int64_t rows, int64_t cols) {
  int64_t quick_rows = 0;
#if defined(SEGUE_CONV_AVX2)
  for (; quick_rows + 8 <= rows; quick_rows += 8)
    for (int64_t j = 0; j + 8 <= cols; j += 8)
      transpose_8x8(dst + quick_rows * width + j, width, src + j * stride + quick_rows, stride);
#endif
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = i < quick_rows ? cols / 8 * 8 : 0; j < width; ++j)
      dst[i * width + j] = j < cols ? src[j * stride + i] : 0.f;
}

/// dst[i * width + j] = src[i * stride + j] for i < rows, j < cols <= width; the columns beyond `cols` become 0.
inline void pack_rows(float* dst, int64_t width, const float* src, int64_t stride, int64_t rows, int64_t cols) {
  for (int64_t i = 0; i < rows; ++i, dst += width, src += stride)
    for (int64_t j = 0; j < width; j += kLanes) store(dst + j, load_lanes(src + j, std::max<int64_t>(0, cols - j)));
}

/// A stretch of the sum of one tile: where its rows of A start, and at which row of the packed panel its B starts.
struct Stretch {
  const float* a[kTileRows];
  int64_t b;
};

template <int Vectors>
inline void clear(Vec (&acc)[kTileRows][Vectors]) {
  for (auto& row : acc)
    for (Vec& v : row) v = Vec{};
}

/// acc += one value of every row, value(m), times a row of B.
template <int Vectors, class F>
[[gnu::always_inline]] inline void multiply_row(F&& value, const float* b, Vec (&acc)[kTileRows][Vectors]) {
  Vec row[Vectors];
  for (int v = 0; v < Vectors; ++v) row[v] = load(b + kLanes * v);
  for (int64_t m = 0; m < kTileRows; ++m) {
    const Vec x = splat(value(m));
    for (int v = 0; v < Vectors; ++v) acc[m][v] = multiply_add(x, row[v], acc[m][v]);
  }
}

/// acc += the sum over `count` stretches of `len` products of A rows and the panel b (rows of `Vectors` vectors).
/// Asks meanwhile for the rows of `next`, the stretches of the tile that comes after: its turn ends before the hardware
/// has seen where they go.
template <int Vectors>
inline void tile_gather(const Stretch* stretches, const Stretch* next, int64_t count, int64_t len, const float* b,
                        Vec (&acc)[kTileRows][Vectors]) {
  constexpr int64_t kLine = 16;  // floats of a cache line: one request per row, then a line of products
  for (int64_t s = 0; s < count; ++s) {
    const float* a[kTileRows];
    for (int64_t m = 0; m < kTileRows; ++m) a[m] = stretches[s].a[m];
    const float* p = b + stretches[s].b * Vectors * kLanes;
    int64_t i = 0;
    for (; i + kLine <= len; i += kLine) {
      for (int64_t m = 0; m < kTileRows; ++m) __builtin_prefetch(next[s].a[m] + i);
#pragma GCC unroll 16
      for (int64_t j = 0; j < kLine; ++j, p += Vectors * kLanes)
        multiply_row([&](int64_t m) { return a[m][i + j]; }, p, acc);
    }
    for (; i < len; ++i, p += Vectors * kLanes) multiply_row([&](int64_t m) { return a[m][i]; }, p, acc);
  }
}

/// What comes after: asked for while a tile is multiplied, 8 floats of either per product.
struct Ahead {
  const float *a = nullptr, *b = nullptr;
};

/// The same with both operands packed: a in rows `step` floats apart, of which kTileRows are read.
template <int Vectors>
inline void tile_packed(const float* a, int64_t step, const float* b, int64_t len, Vec (&acc)[kTileRows][Vectors],
                        Ahead ahead = {}) {
  int64_t i = 0;
  const auto some = [&](int64_t rows) {
#pragma GCC unroll 4
    for (int64_t j = 0; j < rows; ++j, a += step, b += Vectors * kLanes)
      multiply_row([&](int64_t m) { return a[m]; }, b, acc);
  };
  if (ahead.a)
    for (; i + 4 <= len; i += 4) {
      for (const float* p : {ahead.a + 8 * i, ahead.b + 8 * i}) __builtin_prefetch(p), __builtin_prefetch(p + 16);
      some(4);
    }
  some(len - i);
}

/// Puts a row of a tile away: its first `cols` columns, added to what is there or not.
template <int Vectors>
inline void write_row(float* c, const Vec (&row)[Vectors], int64_t cols, Write write) {
  for (int v = 0; v < Vectors; ++v) store_lanes(c + kLanes * v, row[v], cols - kLanes * v, write);
}

}  // namespace segue::kernels::conv::SEGUE_CONV_ISA
