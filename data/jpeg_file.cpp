#include "jpeg_file.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "kernels/error.h"
#include "runtime/text.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
#define STBI_NO_STDIO
#define STBI_ASSERT(x) ((void)0)
#include <stb/stb_image.h>
#pragma GCC diagnostic pop

namespace segue::data {
namespace {

[[noreturn]] void refuse(const std::string& name, const std::string& what) {
  throw Error(Fault::data, cat("cannot read ", quote(name), ": ", what));
}

/// What the markers of a file say. ITU-T T.81, annex B.
struct Outline {
  ImageSize size;         // of the frame header; 0x0: there is none
  bool complete = false;  // there is an end of image behind the pixels
};

/// Walks the markers; decoders make up what is missing at the end, so that it has to be looked for.
Outline outline_of(const uint8_t* p, size_t n) {
  Outline outline;
  size_t at = 2;  // behind the start of image
  while (at + 1 < n) {
    if (p[at] != 0xFF) {  // between markers: coded pixels, or bytes that do not belong here
      const void* next = std::memchr(p + at, 0xFF, n - at);
      if (!next) break;
      at = size_t(static_cast<const uint8_t*>(next) - p);
      continue;
    }
    const uint8_t marker = p[at + 1];
    if (marker == 0xFF) {  // fill
      ++at;
      continue;
    }
    at += 2;
    if (marker == 0xD9) {
      outline.complete = outline.size.height > 0;
      break;
    }
    if (marker == 0 || marker == 1 || (marker >= 0xD0 && marker <= 0xD8)) continue;  // stand alone, or stuffing
    if (at + 2 > n) break;
    const size_t length = size_t(p[at]) << 8 | p[at + 1];
    const bool frame = marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (frame && outline.size.height == 0 && length >= 8 && at + 7 <= n)
      outline.size = {int64_t(p[at + 3]) << 8 | p[at + 4], int64_t(p[at + 5]) << 8 | p[at + 6]};
    at += std::max<size_t>(length, 2);
  }
  return outline;
}

Outline checked_outline(const uint8_t* bytes, size_t count, const std::string& name) {
  if (!is_jpeg(bytes, count)) refuse(name, "expects a JPEG file; got something else");
  const Outline outline = outline_of(bytes, count);
  if (outline.size.height == 0) refuse(name, "expects a JPEG frame with a size; got none: the file is damaged");
  check_image_size(outline.size, name);
  return outline;
}

}  // namespace

bool is_jpeg(const uint8_t* bytes, size_t count) {
  return count >= 3 && bytes[0] == 0xFF && bytes[1] == 0xD8 && bytes[2] == 0xFF;
}

ImageSize jpeg_size(const uint8_t* bytes, size_t count, const std::string& name) {
  return checked_outline(bytes, count, name).size;
}

void decode_jpeg(const uint8_t* bytes, size_t count, const std::string& name, Image& out) {
  const Outline outline = checked_outline(bytes, count, name);
  if (!outline.complete) refuse(name, "the file is cut off");
  // An 8x8 block takes a bit at least.
  if (outline.size.height * outline.size.width / 512 > int64_t(count))
    refuse(name, cat("its header says ", outline.size.width, "x", outline.size.height, ", too much for a file of ",
                     count, " bytes"));
  int width = 0, height = 0, channels = 0;
  const std::unique_ptr<stbi_uc, void (*)(void*)> px(
      stbi_load_from_memory(bytes, int(count), &width, &height, &channels, 3), std::free);
  if (!px) refuse(name, plain_text(stbi_failure_reason()));
  out.height = height, out.width = width, out.channels = 3;
  out.px.assign(px.get(), px.get() + out.height * out.width * 3);
}

}  // namespace segue::data
