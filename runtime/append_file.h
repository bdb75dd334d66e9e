// Files that grow: logs and records of a run.
#pragma once

#include <string>
#include <string_view>

namespace segue {

/// Appends whole pieces to a file. A piece that the disk does not take whole leaves the file as it was before it.
class AppendFile {
 public:
  /// Opens or makes `path`. Throws io.
  explicit AppendFile(std::string path);
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  const std::string& path() const { return path_; }
  /// Throws io with the path and the system's reason.
  void append(std::string_view piece);
  /// Returns when all pieces are on the disk. Throws io.
  void sync();

 private:
  std::string path_;
  int fd_ = -1;
};

}  // namespace segue
