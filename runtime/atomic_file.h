// Files that are there whole or not at all.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace segue {

/// Writes a file under a temporary name in the same folder and gives it its own name at commit(): a reader sees the old
/// content or the new one, after a crash or a full disk too. Without commit() nothing is left behind. Replacing
/// leaves a process that has mapped the old file undisturbed.
class AtomicFile {
 public:
  /// Throws io if the folder cannot be written, or if `path` names something that is not a plain file.
  explicit AtomicFile(std::string path);
  /// Removes the temporary file unless commit() has succeeded.
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Appends `bytes` bytes. Throws io with the path and the system's reason (a full disk, a size limit).
  void write(const void* data, size_t bytes);
  void write(std::string_view text) { write(text.data(), text.size()); }
  /// Flushes to the disk, renames, flushes the folder. Throws io; the destination is then as it was before.
  void commit();

 private:
  [[noreturn]] void fail_here(const char* action);
  void discard() noexcept;

  std::string path_, temporary_;
  int fd_ = -1;
};

/// Removes the temporary files that processes of this machine have left in `folder` and below when they were killed. Whatever
/// cannot be removed stays: it disturbs nobody.
void remove_abandoned_files(const std::string& folder, bool below = true);

/// AtomicFile for content that is in memory.
void write_file(const std::string& path, std::string_view content);

}  // namespace segue
