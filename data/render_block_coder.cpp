#include "render_block_coder.h"

#include "scene_math.h"

namespace segue::data::scene {
namespace {

constexpr int kLuma[64] = {16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,
                           14, 13, 16, 24, 40,  57,  69,  56,  14, 17, 22, 29, 51,  87,  80,  62,
                           18, 22, 37, 56, 68,  109, 103, 77,  24, 35, 55, 64, 81,  104, 113, 92,
                           49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99};
constexpr int kChroma[64] = {17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99,
                             99, 99, 47, 66, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
                             99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99};

/// Rows of the orthonormal cosine transform: basis[k][n] = c_k cos((2 n + 1) k pi / 16) / 2.
struct Basis {
  float at[8][8];
  Basis() {
    for (int k = 0; k < 8; ++k)
      for (int n = 0; n < 8; ++n) at[k][n] = (k == 0 ? 0.353553391f : 0.5f) * cos_turns(float((2 * n + 1) * k) / 32.f);
  }
};

void code_block(float (&b)[8][8], const float (&step)[64], const Basis& basis) {
  float t[8][8], f[8][8];
  for (int y = 0; y < 8; ++y)  // rows, then columns
    for (int k = 0; k < 8; ++k) {
      float s = 0;
      for (int n = 0; n < 8; ++n) s += b[y][n] * basis.at[k][n];
      t[y][k] = s;
    }
  for (int k = 0; k < 8; ++k)
    for (int x = 0; x < 8; ++x) {
      float s = 0;
      for (int n = 0; n < 8; ++n) s += t[n][x] * basis.at[k][n];
      const float q = step[k * 8 + x];
      f[k][x] = float(floor_int(s / q + 0.5f)) * q;
    }
  for (int n = 0; n < 8; ++n)
    for (int x = 0; x < 8; ++x) {
      float s = 0;
      for (int k = 0; k < 8; ++k) s += f[k][x] * basis.at[k][n];
      t[n][x] = s;
    }
  for (int y = 0; y < 8; ++y)
    for (int n = 0; n < 8; ++n) {
      float s = 0;
      for (int k = 0; k < 8; ++k) s += t[y][k] * basis.at[k][n];
      b[y][n] = s;
    }
}

}  // namespace

void code_blocks(std::vector<float>& red, std::vector<float>& green, std::vector<float>& blue, int width, int height,
                 int quality) {
  static const Basis basis;
  const int scale = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  float step[2][64];
  for (int i = 0; i < 64; ++i) {
    const int a = (kLuma[i] * scale + 50) / 100, c = (kChroma[i] * scale + 50) / 100;
    step[0][i] = float(a < 1 ? 1 : a > 255 ? 255 : a) / 255.f;
    step[1][i] = float(c < 1 ? 1 : c > 255 ? 255 : c) / 255.f;
  }
  float block[3][8][8];
  for (int y0 = 0; y0 < height; y0 += 8)
    for (int x0 = 0; x0 < width; x0 += 8) {
      for (int y = 0; y < 8; ++y)
        for (int x = 0; x < 8; ++x) {
          const int sy = y0 + y < height ? y0 + y : height - 1, sx = x0 + x < width ? x0 + x : width - 1;
          const size_t i = size_t(sy) * size_t(width) + size_t(sx);
          const float r = red[i], g = green[i], b = blue[i];  // ITU-R BT.601, about zero
          block[0][y][x] = 0.299f * r + 0.587f * g + 0.114f * b - 0.5f;
          block[1][y][x] = -0.168736f * r - 0.331264f * g + 0.5f * b;
          block[2][y][x] = 0.5f * r - 0.418688f * g - 0.081312f * b;
        }
      for (int k = 0; k < 3; ++k) code_block(block[k], step[k > 0 ? 1 : 0], basis);
      for (int y = 0; y < 8 && y0 + y < height; ++y)
        for (int x = 0; x < 8 && x0 + x < width; ++x) {
          const size_t i = size_t(y0 + y) * size_t(width) + size_t(x0 + x);
          const float l = block[0][y][x] + 0.5f, cb = block[1][y][x], cr = block[2][y][x];
          red[i] = l + 1.402f * cr;
          green[i] = l - 0.344136f * cb - 0.714136f * cr;
          blue[i] = l + 1.772f * cb;
        }
    }
}

}  // namespace segue::data::scene
