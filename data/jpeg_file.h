// JPEG files as RGB.
#pragma once

#include <cstddef>
#include <string>

#include "image.h"
#include "png_file.h"

namespace segue::data {

/// True if the bytes begin as a JPEG file does.
bool is_jpeg(const uint8_t* bytes, size_t count);

/// Size from the frame header. Throws data, naming `name`.
ImageSize jpeg_size(const uint8_t* bytes, size_t count, const std::string& name);

/// Decodes to (H,W,3) RGB. `out` keeps its memory. Throws data naming `name` for what is damaged or cut off.
void decode_jpeg(const uint8_t* bytes, size_t count, const std::string& name, Image& out);

/// The bytes of a JPEG file of (H,W,3) RGB, colours at full resolution; quality 1 to 100. Throws invalid_argument for what
/// is no such image, or is wider or higher than 65500 px.
std::string encode_jpeg(const ImageView& image, int quality);

}  // namespace segue::data
