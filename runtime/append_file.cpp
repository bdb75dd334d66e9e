#include "append_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "kernels/error.h"
#include "text.h"

namespace segue {
namespace {

[[noreturn]] void refuse(const char* action, const std::string& path) {
  throw Error(Fault::io, cat(action, ' ', quote(path), " failed: ", std::strerror(errno)));
}

}  // namespace

AppendFile::AppendFile(std::string path) : path_(std::move(path)) {
  do fd_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  while (fd_ < 0 && errno == EINTR);
  if (fd_ < 0) refuse("creating", path_);
}

AppendFile::~AppendFile() {
  if (fd_ >= 0) close(fd_);
}

void AppendFile::append(std::string_view piece) {
  struct stat before;
  if (fstat(fd_, &before) != 0) refuse("writing", path_);
  size_t done = 0;
  while (done < piece.size()) {
    const ssize_t n = write(fd_, piece.data() + done, piece.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n > 0) {
      done += size_t(n);
      continue;
    }
    const int reason = n == 0 ? ENOSPC : errno;
    if (done > 0 && ftruncate(fd_, before.st_size) != 0) {  // a torn piece is then what readers find
    }
    errno = reason;
    refuse("writing", path_);
  }
}

void AppendFile::sync() {
  int result;
  do result = fdatasync(fd_);
  while (result != 0 && errno == EINTR);
  if (result != 0 && errno != EINVAL) refuse("writing", path_);  // EINVAL: a file that cannot be flushed
}

}  // namespace segue
