#include "jpeg_file.h"

#include <csetjmp>
#include <cstdio>  // jpeglib.h expects it
// Behind it:
#include <jerror.h>
#include <jpeglib.h>

#include <vector>

#include "kernels/error.h"
#include "runtime/text.h"

namespace segue::data {
namespace {

// libjpeg reports errors by a call that must not return; here it jumps, which skips destructors. So the functions that
// call the library (read_header, read_pixels) own nothing; what they use belongs to a Reader of their caller.

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

}  // namespace segue::data
