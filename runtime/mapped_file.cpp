#include "mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "kernels/error.h"
#include "text.h"

namespace segue {

MappedFile::MappedFile(const std::string& path) {
  // O_NONBLOCK: opening a pipe that nobody writes would wait for ever.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) throw Error(Fault::data, cat("cannot open ", quote(path), ": ", std::strerror(errno)));
  struct stat info;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(fd);
    throw Error(Fault::data, cat("cannot read ", quote(path), ": expects a plain file"));
  }
  bytes_ = size_t(info.st_size);
  void* mapped = nullptr;
  int reason = 0;
  if (bytes_ > 0) {
    mapped = mmap(nullptr, bytes_, PROT_READ, MAP_PRIVATE, fd, 0);
    reason = errno;
  }
  close(fd);
  if (mapped == MAP_FAILED) throw Error(Fault::io, cat("cannot map ", quote(path), ": ", std::strerror(reason)));
  data_ = static_cast<const std::byte*>(mapped);
}

MappedFile::~MappedFile() {
  if (data_) munmap(const_cast<std::byte*>(data_), bytes_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

}  // namespace segue
