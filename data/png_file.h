// PNG files: images as RGB, labels as the ids that stand in the file. Its .cpp is the one place that knows libpng.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "image.h"

namespace segue::data {

/// Height and width in px.
struct ImageSize {
  int64_t height = 0, width = 0;
  friend bool operator==(ImageSize a, ImageSize b) { return a.height == b.height && a.width == b.width; }
};

/// No image may have more px: a header that promises more is refused before memory is taken. 16384 x 16384.
constexpr int64_t kMaxPixels = int64_t(1) << 28;
/// Nor a longer side.
constexpr int64_t kMaxSide = int64_t(1) << 20;

/// Throws data for a size that segue does not take; `name`: the file, for the message.
void check_image_size(ImageSize size, const std::string& name);

/// True if the bytes begin as a PNG file does.
bool is_png(const uint8_t* bytes, size_t count);

/// Size from the header alone. Throws data, naming `name`.
ImageSize png_size(const uint8_t* bytes, size_t count, const std::string& name);

/// Decodes to (H,W,3) RGB from any kind of PNG: grey becomes three equal channels, palette entries their colours, 16 bits
/// are rounded to 8, alpha is dropped (colours stay as stored). `out` keeps its memory. Throws data naming `name` for
/// what is damaged or cut off, or decodes to more than its bytes can hold.
void decode_png(const uint8_t* bytes, size_t count, const std::string& name, Image& out);

/// Decodes a label file to (H,W,1) ids: grey of 1, 2, 4, 8 or 16 bits as stored, palette indices (not colours), and of
/// several channels of 16 bits the first (SYNTHIA). Several channels of 8 bits must be grey: three equal ones. Throws
/// data as decode_png, and for ids above 255 and pictures in colours.
void decode_label_png(const uint8_t* bytes, size_t count, const std::string& name, Image& out);

/// 256 colours; what lies beyond the last class is black.
using Palette = std::array<std::array<uint8_t, 3>, 256>;

/// How hard zlib tries, 0 to 9. 1 is the right level for images of cameras: what more effort saves is little.
constexpr int kImageLevel = 1, kLabelLevel = 6;

/// The bytes of a PNG file of (H,W,3) RGB or (H,W,1) grey. Throws invalid_argument for other channels or no px.
std::string encode_png(const ImageView& image, int level = kImageLevel);
/// The bytes of an 8-bit palette PNG: (H,W,1) indices; viewers show the colours, readers of labels get the indices.
std::string encode_png(const ImageView& indices, const Palette& palette, int level = kLabelLevel);

/// Writes a file of encode_png, whole or not at all. Throws io.
void write_png(const std::string& path, const ImageView& image, int level = kImageLevel);
void write_png(const std::string& path, const ImageView& indices, const Palette& palette, int level = kLabelLevel);

}  // namespace segue::data
