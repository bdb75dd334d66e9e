// 8-bit images in host memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace segue::data {

/// Rows from the top, dense, interleaved: (height,width,channels) u8, channels 3 (RGB) or 1 (labels, grey).
struct ImageView {
  const uint8_t* px = nullptr;
  int64_t height = 0, width = 0, channels = 0;

  explicit operator bool() const { return px != nullptr; }
  const uint8_t* row(int64_t y) const { return px + y * width * channels; }
  int64_t bytes() const { return height * width * channels; }
};

/// An image that owns its memory.
struct Image {
  int64_t height = 0, width = 0, channels = 0;
  std::vector<uint8_t> px;

  Image() = default;
  Image(int64_t h, int64_t w, int64_t c) : height(h), width(w), channels(c), px(size_t(h * w * c)) {}

  bool empty() const { return px.empty(); }
  uint8_t* row(int64_t y) { return px.data() + y * width * channels; }
  const uint8_t* row(int64_t y) const { return px.data() + y * width * channels; }
  ImageView view() const { return empty() ? ImageView{} : ImageView{px.data(), height, width, channels}; }
};

}  // namespace segue::data
