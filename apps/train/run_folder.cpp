#include "run_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "kernels/error.h"
#include "runtime/atomic_file.h"
#include "runtime/text.h"

namespace segue {
namespace fs = std::filesystem;

constexpr const char* kLock = ".lock";

RunFolder RunFolder::create(const std::string& path) {
  std::string clean = path;
  while (clean.size() > 1 && clean.back() == '/') clean.pop_back();
  require_no_file(clean);
  std::error_code error;
  const fs::path parent = fs::path(clean).lexically_normal().parent_path();
  int made = 0;
  for (fs::path p = parent; !p.empty() && !fs::exists(p, error); p = p.parent_path()) ++made;
  if (!parent.empty()) fs::create_directories(parent, error);
  if (error) throw Error(Fault::io, cat("creating folder ", quote(parent.string()), " failed: ", error.message()));
  for (int n = 1, lost = 0;;) {
    RunFolder run(n == 1 ? clean : cat(clean, '-', n));
    if (mkdir(run.path_.c_str(), 0777) == 0) {
      run.made_ = made;
      run.lock();
      return run;
    }
    constexpr int kMostLost = 10;
    if (errno == ENOENT && ++lost < kMostLost) {
      fs::create_directories(parent, error);  // a run that was refused has taken its empty parents along
      continue;
    }
    if (errno != EEXIST)
      throw Error(Fault::io, cat("creating folder ", quote(run.path_), " failed: ", std::strerror(errno)));
    ++n;
  }
}

RunFolder RunFolder::open(const std::string& path) {
  RunFolder run(path);
  while (run.path_.size() > 1 && run.path_.back() == '/') run.path_.pop_back();
  struct stat info;
  if (stat(run.path_.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
    throw Error(Fault::usage, cat("--resume expects the folder of a run; there is no folder ", quote(path)));
  if (stat(run.file("config.toml").c_str(), &info) != 0)
    throw Error(Fault::usage, cat("--resume expects the folder of a run; ", quote(path), " has no config.toml"));
  run.lock();
  remove_abandoned_files(run.path_);
  return run;
}

RunFolder::RunFolder(RunFolder&& other) noexcept
    : path_(std::move(other.path_)), made_(other.made_), lock_(other.lock_) {
  other.lock_ = -1;
}

RunFolder::~RunFolder() {
  if (lock_ >= 0) close(lock_);  // which unlocks
}

void RunFolder::discard() noexcept {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  fs::path above = fs::path(path_).lexically_normal();
  for (int i = 0; i < made_; ++i) {
    above = above.parent_path();
    if (!fs::remove(above, ignored)) return;  // others have put something there
  }
}

void RunFolder::lock() {
  lock_ = ::open(file(kLock).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (lock_ < 0) throw Error(Fault::io, cat("creating ", quote(file(kLock)), " failed: ", std::strerror(errno)));
  // A process that was killed a moment ago may still be on its way out.
  constexpr int kTries = 40;
  constexpr useconds_t kPause_us = 50000;
  int locked = flock(lock_, LOCK_EX | LOCK_NB);
  for (int i = 0; i < kTries && locked != 0 && errno == EWOULDBLOCK; ++i) {
    usleep(kPause_us);
    locked = flock(lock_, LOCK_EX | LOCK_NB);
  }
  if (locked != 0) {
    if (errno == EWOULDBLOCK)
      throw Error(Fault::io, cat("run ", quote(path_), " is being written by another process; wait for it or stop it"));
    // A file system without locks: nothing to hold.
  }
}

void require_no_file(const std::string& path) {
  std::error_code error;
  // A link that leads nowhere is in the way as well.
  if (fs::exists(fs::symlink_status(path, error)) && !fs::is_directory(path, error))
    throw Error(Fault::usage, cat("expects a folder for the run; ", quote(path), " exists and is no folder"));
}

std::string command_text(const std::vector<std::string>& arguments) {
  std::string text = "segue";
  for (const std::string& a : arguments) {
    const bool plain = !a.empty() && a.find_first_not_of(
                                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                         "-_./=:,+@%") == std::string::npos;
    text += ' ';
    if (plain) {
      text += a;
      continue;
    }
    text += '\'';
    for (const char c : a) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    text += '\'';
  }
  return text + "\n";
}

}  // namespace segue
