// TensorBoard event files: records of a length, a protocol buffer, and checksums.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/append_file.h"

namespace segue {

/// Writes one new file events.out.tfevents.* in a folder. TensorBoard reads all of a folder's files as one.
class EventFile {
 public:
  /// `first_step`: of what follows; points from there on that older files hold are dropped by TensorBoard. Throws io.
  EventFile(const std::string& folder, int64_t first_step);

  const std::string& path() const { return file_->path(); }
  void scalars(int64_t step, const std::vector<std::pair<std::string, double>>& values);
  /// `png`: the bytes of an RGB PNG file of this size.
  void image(int64_t step, const std::string& tag, std::string_view png, int64_t height, int64_t width);
  void text(int64_t step, const std::string& tag, std::string_view text);
  void sync() { file_->sync(); }

 private:
  void write(int64_t step, const std::string& fields);

  std::unique_ptr<AppendFile> file_;
};

}  // namespace segue
