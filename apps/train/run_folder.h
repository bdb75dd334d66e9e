// The folder of a run: one run, one writer, never overwritten.
#pragma once

#include <string>
#include <vector>

namespace segue {

/// Holds a run's folder for this process, until it ends or dies.
class RunFolder {
 public:
  /// Makes `path`, or if that exists path-2, path-3, ...: an old run is neither overwritten nor mixed with the new one.
  /// Folders above it are made too. Throws io, and usage as require_no_file.
  static RunFolder create(const std::string& path);
  /// Takes an old run to go on with it, and removes what writers that were killed have left half-written. Throws usage if there is none, io if another process holds it.
  static RunFolder open(const std::string& path);
  RunFolder(RunFolder&& other) noexcept;
  RunFolder& operator=(RunFolder&&) = delete;
  ~RunFolder();

  /// Removes the folder of a run that never began, and those above it that were made for it and hold nothing else.
  void discard() noexcept;

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  explicit RunFolder(std::string path) : path_(std::move(path)) {}
  void lock();

  std::string path_;
  int made_ = 0;  // folders right above it that create() has made
  int lock_ = -1;
};

/// Throws usage if `path` exists and is no folder: whoever names a file, or /dev/null, did not mean a folder beside it.
void require_no_file(const std::string& path);

/// A line that runs the same command in a shell.
std::string command_text(const std::vector<std::string>& arguments);

}  // namespace segue
