#include "image_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "jpeg_file.h"
#include "kernels/error.h"
#include "runtime/text.h"

namespace segue::data {
namespace {

constexpr size_t kMaxFileBytes = size_t(1) << 32;  // more than kMaxPixels need, uncompressed

struct Descriptor {
  explicit Descriptor(int fd) : fd(fd) {}
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int fd;
};

/// Reads at most `most` bytes of a plain file.
void read_head(const std::string& path, size_t most, std::vector<uint8_t>& bytes) {
  // O_NONBLOCK: opening a pipe that nobody writes would wait for ever.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.fd < 0) throw Error(Fault::data, cat("cannot open ", quote(path), ": ", std::strerror(errno)));
  struct stat info;
  if (fstat(file.fd, &info) != 0 || !S_ISREG(info.st_mode))
    throw Error(Fault::data, cat("cannot read ", quote(path), ": expects a plain file; got ",
                                 S_ISDIR(info.st_mode) ? "a folder" : "something else"));
  if (size_t(info.st_size) > kMaxFileBytes)
    throw Error(Fault::data, cat("cannot read ", quote(path), ": expects an image file; got one of ",
                                 bytes_text(uint64_t(info.st_size))));
  bytes.resize(std::min(size_t(info.st_size), most));
  size_t at = 0;
  while (at < bytes.size()) {
    const ssize_t n = read(file.fd, bytes.data() + at, bytes.size() - at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw Error(Fault::io, cat("cannot read ", quote(path), ": ", std::strerror(errno)));
    if (n == 0) break;  // it has become shorter meanwhile
    at += size_t(n);
  }
  bytes.resize(at);
}

[[noreturn]] void refuse(const std::string& path, const std::vector<uint8_t>& bytes, const char* expected) {
  throw Error(Fault::data, cat("cannot read ", quote(path), ": expects ", expected, "; got ",
                               bytes.empty() ? "an empty file" : "something else"));
}

}  // namespace

void read_file_bytes(const std::string& path, std::vector<uint8_t>& bytes) { read_head(path, kMaxFileBytes, bytes); }

ImageSize image_size(const std::string& path) {
  // JPEG files may have a preview and profiles of any length in front.
  std::vector<uint8_t> bytes;
  read_head(path, 1 << 12, bytes);
  if (is_png(bytes.data(), bytes.size())) return png_size(bytes.data(), bytes.size(), path);
  if (!is_jpeg(bytes.data(), bytes.size())) refuse(path, bytes, "a PNG or JPEG file");
  read_file_bytes(path, bytes);
  return jpeg_size(bytes.data(), bytes.size(), path);
}

void read_image(const std::string& path, Image& image, std::vector<uint8_t>& bytes) {
  read_file_bytes(path, bytes);
  if (is_png(bytes.data(), bytes.size())) return decode_png(bytes.data(), bytes.size(), path, image);
  if (is_jpeg(bytes.data(), bytes.size())) return decode_jpeg(bytes.data(), bytes.size(), path, image);
  refuse(path, bytes, "a PNG or JPEG file");
}

Image read_image(const std::string& path) {
  Image image;
  std::vector<uint8_t> bytes;
  read_image(path, image, bytes);
  return image;
}

void read_label(const std::string& path, Image& label, std::vector<uint8_t>& bytes) {
  read_file_bytes(path, bytes);
  if (!is_png(bytes.data(), bytes.size())) refuse(path, bytes, "a PNG file with label ids");
  decode_label_png(bytes.data(), bytes.size(), path, label);
}

Image read_label(const std::string& path) {
  Image label;
  std::vector<uint8_t> bytes;
  read_label(path, label, bytes);
  return label;
}

}  // namespace segue::data
