#include "png_file.h"

#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <memory>

#include "kernels/error.h"
#include "runtime/atomic_file.h"
#include "runtime/text.h"

namespace segue::data {
namespace {

// libpng reports errors by longjmp, which skips destructors. So the functions that call it (read_header, set_up,
// read_rows, read_interlaced, write_pixels) own nothing; what they use belongs to their caller.

struct Message {
  char text[128] = "";
};

[[noreturn]] void on_error(png_structp png, png_const_charp what) {
  auto* message = static_cast<Message*>(png_get_error_ptr(png));
  std::snprintf(message->text, sizeof message->text, "%s", what);
  png_longjmp(png, 1);
}
void on_warning(png_structp, png_const_charp) {}

[[noreturn]] void refuse(const std::string& name, const std::string& what) {
  throw Error(Fault::data, cat("cannot read ", quote(name), ": ", what));
}

struct Source {
  const uint8_t* bytes;
  size_t count, at = 0;
};

void read_bytes(png_structp png, png_bytep out, size_t n) {
  auto* source = static_cast<Source*>(png_get_io_ptr(png));
  if (n > source->count - source->at) png_error(png, "the file is cut off");
  std::memcpy(out, source->bytes + source->at, n);
  source->at += n;
}

/// What one pixel of the file is.
struct Kind {
  int depth = 8, color = 0, channels = 1;
  bool interlaced = false;
};

struct Reader {
  Reader(const uint8_t* bytes, size_t count) : source{bytes, count} {
    png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &message, on_error, on_warning);
    if (png) info = png_create_info_struct(png);
    if (!info) throw std::bad_alloc();
    png_set_read_fn(png, &source, read_bytes);
  }
  ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  Message message;
  Source source;
  png_structp png = nullptr;
  png_infop info = nullptr;
};

/// Reads up to the first pixel. False: see Reader::message.
bool read_header(Reader& r, ImageSize& size, Kind& kind) {
  if (setjmp(png_jmpbuf(r.png))) return false;
  png_set_user_limits(r.png, 0x7FFFFFFF, 0x7FFFFFFF);  // check_image_size() decides, with a message of its own
  png_set_chunk_malloc_max(r.png, 1 << 16);
  // Text, profiles and the like are neither kept nor unpacked.
  png_set_keep_unknown_chunks(r.png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  png_read_info(r.png, r.info);
  size = {int64_t(png_get_image_height(r.png, r.info)), int64_t(png_get_image_width(r.png, r.info))};
  kind.depth = png_get_bit_depth(r.png, r.info);
  kind.color = png_get_color_type(r.png, r.info);
  kind.channels = png_get_channels(r.png, r.info);
  kind.interlaced = png_get_interlace_type(r.png, r.info) != PNG_INTERLACE_NONE;
  return true;
}

/// Reads the rows as set up: row(y) says where to, take(y) may use it. Neither may hold what a jump would leave behind.
template <class Row, class Take>
bool read_rows(Reader& r, int64_t height, Row&& row, const Take& take) {
  if (setjmp(png_jmpbuf(r.png))) return false;
  for (int64_t y = 0; y < height; ++y) {
    png_read_row(r.png, row(y), nullptr);
    take(y);
  }
  png_read_end(r.png, nullptr);
  return true;
}

/// The same for an interlaced file, whose rows are all there at once.
bool read_interlaced(Reader& r, png_bytepp rows) {
  if (setjmp(png_jmpbuf(r.png))) return false;
  png_read_image(r.png, rows);
  png_read_end(r.png, nullptr);
  return true;
}

/// Memory that a header is trusted with, before pixels have come.
constexpr int64_t kTrustedBytes = int64_t(64) << 20;

/// The header, checked: zlib expands at most 1032-fold, so a size that the file cannot fill is refused before memory is
/// taken for it. Large interlaced images, whose memory is taken at once, must be of what cameras see, not of one colour.
ImageSize checked_header(Reader& r, const std::string& name, Kind& kind) {
  ImageSize size;
  if (!read_header(r, size, kind)) refuse(name, plain_text(r.message.text));
  check_image_size(size, name);
  const int64_t packed = size.height * (1 + (size.width * kind.channels * kind.depth + 7) / 8);
  const int64_t fold = kind.interlaced && size.height * size.width * 8 > kTrustedBytes ? 128 : 1032;
  if (packed / fold > int64_t(r.source.count))
    refuse(name, cat("its header says ", size.width, "x", size.height, ", too much for a file of ", r.source.count,
                     " bytes"));
  return size;
}

/// Sets up what libpng changes on the way; false: see Reader::message.
bool set_up(Reader& r, bool rgb) {
  if (setjmp(png_jmpbuf(r.png))) return false;
  if (rgb) {
    png_set_expand(r.png);
    png_set_scale_16(r.png);
    png_set_gray_to_rgb(r.png);
    png_set_strip_alpha(r.png);
  } else {
    png_set_packing(r.png);  // a byte for every index of 1, 2 or 4 bits; values as stored
  }
  png_set_interlace_handling(r.png);
  png_read_update_info(r.png, r.info);
  return true;
}

/// Rows of an image whose memory grows as they come: a large header before little content costs little.
struct GrowingRows {
  GrowingRows(Image& image, ImageSize size, int64_t channels) : image(image) {
    image.height = size.height, image.width = size.width, image.channels = channels;
    grow(std::max<int64_t>(1, kTrustedBytes / (size.width * channels)));
  }
  uint8_t* operator()(int64_t y) {
    if (y >= rows) grow(2 * rows);
    return image.row(y);
  }
  void grow(int64_t to) {
    rows = std::min(to, image.height);
    image.px.resize(size_t(rows * image.width * image.channels));
  }
  Image& image;
  int64_t rows = 0;
};

std::vector<png_bytep> row_pointers(uint8_t* first, int64_t height, int64_t stride) {
  std::vector<png_bytep> rows;
  rows.resize(size_t(height));
  for (int64_t y = 0; y < height; ++y) rows[size_t(y)] = first + y * stride;
  return rows;
}

/// Reads all pixels, of `channels` bytes each, into an image; false: see Reader::message.
bool read_dense(Reader& r, ImageSize size, int64_t channels, const Kind& kind, Image& out) {
  GrowingRows rows(out, size, channels);
  if (!kind.interlaced) return read_rows(r, size.height, rows, [](int64_t) {});
  rows.grow(size.height);
  return read_interlaced(r, row_pointers(out.px.data(), size.height, size.width * channels).data());
}

/// The first channel of a row of several bytes a pixel, and what was wrong with it.
struct FirstChannel {
  int bytes, channels;
  bool has_alpha;
  int64_t width;
  int64_t large = -1;  // the first id above 255
  bool colored = false;

  void take(const uint8_t* row, uint8_t* out) {
    const int stride = bytes * channels, colors = channels - (has_alpha ? 1 : 0);
    for (int64_t x = 0; x < width; ++x, row += stride) {
      out[x] = row[bytes - 1];
      if (bytes == 2 && row[0] != 0 && large < 0) large = row[0] * 256 + row[1];
      if (bytes == 1 && colors == 3) colored |= row[1] != row[0] || row[2] != row[0];
    }
  }
};

struct Writer {
  Writer() {
    png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &message, on_error, on_warning);
    if (png) info = png_create_info_struct(png);
    if (!info) throw std::bad_alloc();
    png_set_write_fn(
        png, &bytes,
        [](png_structp p, png_bytep data, size_t n) {
          bool full = false;
          try {
            static_cast<std::string*>(png_get_io_ptr(p))->append(reinterpret_cast<const char*>(data), n);
          } catch (...) {
            full = true;
          }
          if (full) png_error(p, "out of memory");
        },
        [](png_structp) {});
  }
  ~Writer() { png_destroy_write_struct(&png, &info); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  Message message;
  std::string bytes;
  png_structp png = nullptr;
  png_infop info = nullptr;
};

bool write_pixels(Writer& w, const ImageView& image, const png_color* palette, int level) {
  if (setjmp(png_jmpbuf(w.png))) return false;
  png_set_compression_level(w.png, level);
  // Labels are runs of equal ids, which zlib finds best unfiltered.
  png_set_filter(w.png, 0, image.channels == 3 ? PNG_FILTER_SUB | PNG_FILTER_UP : PNG_FILTER_NONE);
  png_set_IHDR(w.png, w.info, png_uint_32(image.width), png_uint_32(image.height), 8,
               image.channels == 3 ? PNG_COLOR_TYPE_RGB : (palette ? PNG_COLOR_TYPE_PALETTE : PNG_COLOR_TYPE_GRAY),
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (palette) png_set_PLTE(w.png, w.info, palette, 256);
  png_write_info(w.png, w.info);
  for (int64_t y = 0; y < image.height; ++y) png_write_row(w.png, image.row(y));
  png_write_end(w.png, w.info);
  return true;
}

std::string encode(const ImageView& image, const png_color* palette, int level) {
  require(image && image.height >= 1 && image.width >= 1 && image.height * image.width <= kMaxPixels, "encode_png",
          "expects 1 to ", kMaxPixels, " px; got ", image.height, "x", image.width);
  require(image.channels == 1 || (image.channels == 3 && !palette), "encode_png", "expects ",
          palette ? "1 channel" : "1 or 3 channels", "; got ", image.channels);
  Writer w;
  w.bytes.reserve(size_t(image.bytes() / (image.channels == 3 ? 2 : 16) + 1024));
  if (!write_pixels(w, image, palette, level))
    throw Error(Fault::internal, cat("[encode_png] ", plain_text(w.message.text)));
  return std::move(w.bytes);
}

}  // namespace

void check_image_size(ImageSize size, const std::string& name) {
  if (std::min(size.height, size.width) < 1 || std::max(size.height, size.width) > kMaxSide ||
      size.height > kMaxPixels / size.width)
    refuse(name, cat("expects an image of 1 to ", count_text(uint64_t(kMaxPixels)), " px with sides of at most ",
                     count_text(uint64_t(kMaxSide)), "; got ", size.width, "x", size.height));
}

bool is_png(const uint8_t* bytes, size_t count) { return count >= 8 && png_sig_cmp(bytes, 0, 8) == 0; }

ImageSize png_size(const uint8_t* bytes, size_t count, const std::string& name) {
  // The signature, and IHDR as the first chunk: length 13, type, width, height.
  static const uint8_t kHeader[] = {0, 0, 0, 13, 'I', 'H', 'D', 'R'};
  if (!is_png(bytes, count) || count < 24 || std::memcmp(bytes + 8, kHeader, sizeof kHeader) != 0)
    refuse(name, "expects a PNG file with a header; got something else");
  const ImageSize size{int64_t(png_get_uint_32(bytes + 20)), int64_t(png_get_uint_32(bytes + 16))};
  check_image_size(size, name);
  return size;
}

void decode_png(const uint8_t* bytes, size_t count, const std::string& name, Image& out) {
  Reader r(bytes, count);
  Kind kind;
  const ImageSize size = checked_header(r, name, kind);
  if (!set_up(r, true)) refuse(name, plain_text(r.message.text));
  if (!read_dense(r, size, 3, kind, out)) refuse(name, plain_text(r.message.text));
}

void decode_label_png(const uint8_t* bytes, size_t count, const std::string& name, Image& out) {
  Reader r(bytes, count);
  Kind kind;
  const ImageSize size = checked_header(r, name, kind);
  if (!set_up(r, false)) refuse(name, plain_text(r.message.text));
  const int pixel = (kind.depth == 16 ? 2 : 1) * kind.channels;
  if (pixel == 1) {
    if (!read_dense(r, size, 1, kind, out)) refuse(name, plain_text(r.message.text));
    return;
  }
  GrowingRows ids(out, size, 1);
  FirstChannel first{kind.depth == 16 ? 2 : 1, kind.channels, (kind.color & PNG_COLOR_MASK_ALPHA) != 0, size.width};
  Image wide;
  bool complete;
  if (kind.interlaced) {
    complete = read_dense(r, size, pixel, kind, wide);
    for (int64_t y = 0; complete && y < size.height; ++y) first.take(wide.row(y), ids(y));
  } else {
    wide = Image(1, size.width, pixel);
    complete = read_rows(
        r, size.height, [&](int64_t) { return wide.px.data(); },
        [&](int64_t y) { first.take(wide.px.data(), ids(y)); });
  }
  if (!complete) refuse(name, plain_text(r.message.text));
  if (first.large >= 0)
    refuse(name, cat("expects label ids of 0 to 255; got ", first.large, "; is it a file of instances?"));
  if (first.colored)
    refuse(name, "expects a label file with ids (grey, palette, or 16 bits a channel); got a picture in colours");
}

std::string encode_png(const ImageView& image, int level) { return encode(image, nullptr, level); }

std::string encode_png(const ImageView& indices, const Palette& palette, int level) {
  png_color colors[256];
  for (size_t i = 0; i < 256; ++i) colors[i] = {palette[i][0], palette[i][1], palette[i][2]};
  return encode(indices, colors, level);
}

void write_png(const std::string& path, const ImageView& image, int level) {
  write_file(path, encode_png(image, level));
}

void write_png(const std::string& path, const ImageView& indices, const Palette& palette, int level) {
  write_file(path, encode_png(indices, palette, level));
}

}  // namespace segue::data
