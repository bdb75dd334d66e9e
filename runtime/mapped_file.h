// A file's bytes as memory.
#pragma once

#include <cstddef>
#include <string>

namespace segue {

/// A plain file mapped for reading: opening it costs no copy, and pages that nobody reads are never loaded. Another
/// process may replace the file (AtomicFile does), but must not shorten it while it is mapped.
class MappedFile {
 public:
  /// Throws data if there is no such plain file, io if it cannot be mapped.
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::byte* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  const std::byte* data_ = nullptr;  // null for an empty file, which cannot be mapped
  size_t bytes_ = 0;
};

}  // namespace segue
