#include "jpeg_file.h"

#include <algorithm>
#include <csetjmp>
#include <cstdio>  // jpeglib.h expects it
#include <cstdlib>
// Behind them:
#include <jerror.h>
#include <jpeglib.h>

#include <vector>

#include "kernels/error.h"
#include "runtime/text.h"

namespace segue::data {
namespace {

// libjpeg reports errors by a call that must not return; here it jumps, which skips destructors. So the functions that
// call the library (read_header, read_pixels, write_pixels) own nothing; what they use belongs to their caller.

[[noreturn]] void refuse(const std::string& name, const std::string& what) {
  throw Error(Fault::data, cat("cannot read ", quote(name), ": ", what));
}

struct Reader {
  Reader() { info.err = jpeg_std_error(&errors); }
  ~Reader() {
    if (created) jpeg_destroy_decompress(&info);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  jpeg_decompress_struct info = {};
  jpeg_error_mgr errors = {};
  jpeg_progress_mgr progress = {};
  bool created = false;
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX] = "";
};

[[noreturn]] void on_error(j_common_ptr info) {
  auto* r = static_cast<Reader*>(info->client_data);
  info->err->format_message(info, r->message);
  std::longjmp(r->jump, 1);
}

struct Writer {
  Writer() { info.err = jpeg_std_error(&errors); }
  ~Writer() {
    if (created) jpeg_destroy_compress(&info);
    std::free(bytes);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  jpeg_compress_struct info = {};
  jpeg_error_mgr errors = {};
  bool created = false;
  std::jmp_buf jump;
  unsigned char* bytes = nullptr;
  unsigned long count = 0;
};

bool write_pixels(Writer& w, const ImageView& image, int quality) {
  w.errors.error_exit = [](j_common_ptr info) { std::longjmp(static_cast<Writer*>(info->client_data)->jump, 1); };
  w.info.client_data = &w;
  if (setjmp(w.jump)) return false;
  jpeg_create_compress(&w.info);
  w.created = true;
  jpeg_mem_dest(&w.info, &w.bytes, &w.count);
  w.info.image_height = JDIMENSION(image.height);
  w.info.image_width = JDIMENSION(image.width);
  w.info.input_components = 3;
  w.info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&w.info);
  jpeg_set_quality(&w.info, quality, TRUE);
  for (int c = 0; c < 3; ++c) w.info.comp_info[c].h_samp_factor = w.info.comp_info[c].v_samp_factor = 1;
  jpeg_start_compress(&w.info, TRUE);
  while (w.info.next_scanline < w.info.image_height) {
    auto* row = const_cast<JSAMPROW>(image.row(w.info.next_scanline));  // the library's types know no const
    jpeg_write_scanlines(&w.info, &row, 1);
  }
  jpeg_finish_compress(&w.info);
  return true;
}

/// What the library would mend, by making up pixels, is an error; bytes between segments and the like are not.
void on_message(j_common_ptr info, int level) {
  const int code = info->err->msg_code;
  if (level < 0 && code != JWRN_EXTRANEOUS_DATA && code != JWRN_ADOBE_XFORM && code != JWRN_JFIF_MAJOR) on_error(info);
}

/// A small file can ask for many passes over a large image.
void on_progress(j_common_ptr info) {
  constexpr int kMaxScans = 100;
  auto* r = static_cast<Reader*>(info->client_data);
  if (r->info.input_scan_number <= kMaxScans) return;
  std::snprintf(r->message, sizeof r->message, "it has more than %d scans", kMaxScans);
  std::longjmp(r->jump, 1);
}

/// Reads up to the first pixel. False: see Reader::message.
bool read_header(Reader& r, const uint8_t* bytes, size_t count) {
  r.errors.error_exit = on_error;
  r.errors.emit_message = on_message;
  r.info.client_data = &r;
  if (setjmp(r.jump)) return false;
  jpeg_create_decompress(&r.info);
  r.created = true;
  r.progress.progress_monitor = on_progress;
  r.info.progress = &r.progress;
  jpeg_mem_src(&r.info, bytes, static_cast<unsigned long>(count));
  jpeg_read_header(&r.info, TRUE);
  return true;
}

/// Reads all rows; `row`: room for one, which take(y) may use and must not throw.
template <class Take>
bool read_pixels(Reader& r, J_COLOR_SPACE to, JSAMPROW row, const Take& take) {
  if (setjmp(r.jump)) return false;
  r.info.out_color_space = to;
  jpeg_start_decompress(&r.info);
  while (r.info.output_scanline < r.info.output_height) {
    const int64_t y = r.info.output_scanline;
    jpeg_read_scanlines(&r.info, &row, 1);
    take(y);
  }
  jpeg_finish_decompress(&r.info);
  return true;
}

ImageSize checked_header(Reader& r, const uint8_t* bytes, size_t count, const std::string& name) {
  if (!is_jpeg(bytes, count)) refuse(name, "expects a JPEG file; got something else");
  if (!read_header(r, bytes, count)) refuse(name, plain_text(r.message));
  const ImageSize size{int64_t(r.info.image_height), int64_t(r.info.image_width)};
  check_image_size(size, name);
  return size;
}

}  // namespace

bool is_jpeg(const uint8_t* bytes, size_t count) {
  return count >= 3 && bytes[0] == 0xFF && bytes[1] == 0xD8 && bytes[2] == 0xFF;
}

ImageSize jpeg_size(const uint8_t* bytes, size_t count, const std::string& name) {
  Reader r;
  return checked_header(r, bytes, count, name);
}

void decode_jpeg(const uint8_t* bytes, size_t count, const std::string& name, Image& out) {
  Reader r;
  const ImageSize size = checked_header(r, bytes, count, name);
  // A block of 8x8 px takes a bit at least.
  if (size.height * size.width / 512 > int64_t(count))
    refuse(name, cat("its header says ", size.width, "x", size.height, ", too much for a file of ", count, " bytes"));
  out.height = size.height, out.width = size.width, out.channels = 3;
  out.px.resize(size_t(size.height * size.width * 3));
  const bool inks = r.info.jpeg_color_space == JCS_CMYK || r.info.jpeg_color_space == JCS_YCCK;
  std::vector<uint8_t> row(size_t(size.width * 4));
  const auto take = [&](int64_t y) {
    const uint8_t* from = row.data();
    uint8_t* to = out.row(y);
    // Inks are stored as 255 minus their amount, as Adobe does it.
    for (int64_t x = 0; x < size.width; ++x, from += inks ? 4 : 3, to += 3)
      for (int c = 0; c < 3; ++c) to[c] = inks ? uint8_t((from[c] * from[3] + 127) / 255) : from[c];
  };
  if (!read_pixels(r, inks ? JCS_CMYK : JCS_RGB, row.data(), take)) refuse(name, plain_text(r.message));
}

std::string encode_jpeg(const ImageView& image, int quality) {
  require(image && image.channels == 3 && std::min(image.height, image.width) >= 1 &&
              std::max(image.height, image.width) <= JPEG_MAX_DIMENSION && quality >= 1 && quality <= 100,
          "encode_jpeg", "expects 1 to ", JPEG_MAX_DIMENSION, " px a side, 3 channels and a quality of 1 to 100; got ",
          image.height, "x", image.width, "x", image.channels, ", ", quality);
  Writer w;
  if (!write_pixels(w, image, quality)) fail(Fault::out_of_memory, "encode_jpeg", "no memory for the file");
  return std::string(reinterpret_cast<const char*>(w.bytes), w.count);
}

}  // namespace segue::data
