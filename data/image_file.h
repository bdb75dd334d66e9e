// Image files of any kind that segue reads, told apart by their content: PNG and JPEG.
#pragma once

#include <string>
#include <vector>

#include "image.h"
#include "png_file.h"

namespace segue::data {

/// The whole of a plain file; `bytes` keeps its memory. Throws data if there is no such plain file, io if it cannot be
/// read.
void read_file_bytes(const std::string& path, std::vector<uint8_t>& bytes);

/// Height and width of an image file, from its head. Throws data, naming the file.
ImageSize image_size(const std::string& path);

/// Reads an image as (H,W,3) RGB; see decode_png and decode_jpeg. `image` and `bytes` keep their memory from call to
/// call. Throws data, naming the file.
void read_image(const std::string& path, Image& image, std::vector<uint8_t>& bytes);
Image read_image(const std::string& path);

/// Reads a label file, a PNG, as (H,W,1) ids; see decode_label_png. Throws data, naming the file.
void read_label(const std::string& path, Image& label, std::vector<uint8_t>& bytes);
Image read_label(const std::string& path);

}  // namespace segue::data
