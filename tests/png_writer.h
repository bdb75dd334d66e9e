// PNG files of every kind, written byte by byte: an encoder that shares nothing with libpng's, for what is compared with
// it, and able to write files that are wrong.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace segue::testing {

inline std::string big_endian(uint32_t v) { return {char(v >> 24), char(v >> 16), char(v >> 8), char(v)}; }

/// A chunk with its length and checksum.
inline std::string png_chunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  const uint32_t crc = uint32_t(crc32(0, reinterpret_cast<const Bytef*>(body.data()), uInt(body.size())));
  return big_endian(uint32_t(data.size())) + body + big_endian(crc);
}

struct PngKind {
  int color = 2;  ///< 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha
  int depth = 8;
  bool interlaced = false;
  bool transparent = false;  ///< palette: entries have alphas
  int channels() const { return color == 2 ? 3 : color == 4 ? 2 : color == 6 ? 4 : 1; }
};

/// Channel c of the pixel at row y and column x, in [0, 2^depth).
using PngSample = std::function<uint32_t(int64_t y, int64_t x, int c)>;

/// Colour of a palette entry.
inline std::vector<int> palette_color(int i) { return {(7 * i) & 255, (255 - i) & 255, (i * i) & 255}; }

inline std::string png_signature() { return "\x89PNG\r\n\x1a\n"; }

inline std::string png_header(int64_t height, int64_t width, const PngKind& kind) {
  return png_chunk("IHDR", big_endian(uint32_t(width)) + big_endian(uint32_t(height)) +
                               std::string{char(kind.depth), char(kind.color), 0, 0, char(kind.interlaced)});
}

/// The rows of every second, fourth ... pixel that one pass holds, each behind its filter byte: Sub and none in turn.
inline void png_rows(std::string& raw, int64_t height, int64_t width, const PngKind& kind, const PngSample& sample,
                     int64_t y0, int64_t x0, int64_t dy, int64_t dx) {
  if (y0 >= height || x0 >= width) return;
  for (int64_t y = y0; y < height; y += dy) {
    std::string row;
    int bits = 0, filled = 0;
    for (int64_t x = x0; x < width; x += dx)
      for (int c = 0; c < kind.channels(); ++c) {
        const uint32_t v = sample(y, x, c);
        if (kind.depth == 16) {
          row += char(v >> 8);
          row += char(v);
        } else {
          bits = bits << kind.depth | int(v);
          if ((filled += kind.depth) == 8) row += char(bits), bits = filled = 0;
        }
      }
    if (filled) row += char(bits << (8 - filled));
    const bool sub = y % 2 == 1;
    raw += char(sub);
    const size_t step = size_t(std::max(1, kind.channels() * kind.depth / 8));
    for (size_t i = 0; i < row.size(); ++i) raw += char(sub && i >= step ? row[i] - row[i - step] : row[i]);
  }
}

/// A whole file. `extra`: chunks behind the header.
inline std::string png_file(int64_t height, int64_t width, const PngKind& kind, const PngSample& sample,
                            const std::string& extra = "") {
  std::string file = png_signature() + png_header(height, width, kind) + extra;
  if (kind.color == 3) {
    std::string colors, alphas;
    for (int i = 0; i < 1 << kind.depth; ++i) {
      for (const int v : palette_color(i)) colors += char(v);
      alphas += char(i * 5);
    }
    file += png_chunk("PLTE", colors);
    if (kind.transparent) file += png_chunk("tRNS", alphas);
  }
  std::string raw;
  if (kind.interlaced) {  // Adam7
    const int64_t passes[7][4] = {{0, 0, 8, 8}, {0, 4, 8, 8}, {4, 0, 8, 4}, {0, 2, 4, 4},
                                  {2, 0, 4, 2}, {0, 1, 2, 2}, {1, 0, 2, 1}};
    for (const auto& p : passes) png_rows(raw, height, width, kind, sample, p[0], p[1], p[2], p[3]);
  } else {
    png_rows(raw, height, width, kind, sample, 0, 0, 1, 1);
  }
  uLongf bytes = compressBound(uLong(raw.size()));
  std::string packed(bytes, '\0');
  compress2(reinterpret_cast<Bytef*>(packed.data()), &bytes, reinterpret_cast<const Bytef*>(raw.data()),
            uLong(raw.size()), 6);
  packed.resize(bytes);
  return file + png_chunk("IDAT", packed) + png_chunk("IEND", "");
}

}  // namespace segue::testing
