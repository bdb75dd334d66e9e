#include "atomic_file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "kernels/error.h"
#include "text.h"

namespace segue {
namespace {

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// A name that no other writer uses: process and count. It does not grow with the file's own name, which may already be
/// as long as the file system allows.
std::string temporary_name(const std::string& folder) {
  static std::atomic<unsigned> count{0};
  return cat(folder, "/.segue-", getpid(), '-', count++, ".tmp");
}

/// True for the name of a temporary file whose process is gone.
bool is_abandoned(const std::string& name) {
  int pid = 0, end = 0;
  unsigned number = 0;
  return std::sscanf(name.c_str(), ".segue-%d-%u.tmp%n", &pid, &number, &end) == 2 && size_t(end) == name.size() &&
         pid > 0 && kill(pid, 0) != 0 && errno == ESRCH;
}

int retry(auto&& call) {
  int result;
  do result = call();
  while (result < 0 && errno == EINTR);
  return result;
}

}  // namespace

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {
  struct stat info;
  if (stat(path_.c_str(), &info) == 0 && !S_ISREG(info.st_mode))
    throw Error(Fault::io, cat("cannot write ", quote(path_), ": expects a plain file or a new name; got a ",
                               S_ISDIR(info.st_mode) ? "folder" : "device or pipe"));
  // A temporary file of a dead process with the same id is stale: try the next names.
  for (int tries = 0; tries < 100 && fd_ < 0; ++tries) {
    temporary_ = temporary_name(folder_of(path_));
    fd_ = retry([&] { return open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); });
    if (fd_ < 0 && errno != EEXIST) break;
  }
  if (fd_ < 0) {
    temporary_.clear();
    fail_here("creating");
  }
}

AtomicFile::~AtomicFile() { discard(); }

void AtomicFile::discard() noexcept {
  if (fd_ >= 0) close(fd_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
  fd_ = -1;
  temporary_.clear();
}

void AtomicFile::fail_here(const char* action) {
  const int reason = errno;
  discard();
  throw Error(Fault::io, cat(action, ' ', quote(path_), " failed: ", std::strerror(reason), "; nothing was written"));
}

void AtomicFile::write(const void* data, size_t bytes) {
  require(fd_ >= 0, "atomic_file", "expects writes before commit() and before a failure; got one after");
  const char* p = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t n = ::write(fd_, p, std::min(bytes, size_t(1) << 30));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail_here("writing");
    p += n;
    bytes -= size_t(n);
  }
}

void AtomicFile::commit() {
  require(fd_ >= 0, "atomic_file", "expects one commit(), of a file that has not failed");
  if (retry([&] { return fsync(fd_); }) != 0) fail_here("writing");
  const int closed = close(std::exchange(fd_, -1));
  if (closed != 0 && errno != EINTR) fail_here("writing");
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) fail_here("writing");
  temporary_.clear();
  // The new name must survive a power cut too. File systems that cannot flush a folder answer EINVAL: nothing to do.
  const int folder = open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    retry([&] { return fsync(folder); });
    close(folder);
  }
}

void remove_abandoned_files(const std::string& folder, bool below) {
  namespace fs = std::filesystem;
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(folder, error); !error && it != fs::recursive_directory_iterator();
       it.increment(error)) {
    std::error_code ignored;
    if (!below) it.disable_recursion_pending();
    if (is_abandoned(it->path().filename())) fs::remove(it->path(), ignored);
  }
}

void write_file(const std::string& path, std::string_view content) {
  AtomicFile file(path);
  file.write(content);
  file.commit();
}

}  // namespace segue
