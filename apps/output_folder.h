// The folder that a command fills, in several runs if need be.
#pragma once

#include <string>

#include "runtime/json.h"

namespace segue {

/// Keeps, in a JSON file in the folder, what its content follows from (the recipe): a command that was cut off goes on with
/// what it has made, and never mixes its outputs with others. Files in it are written whole, so that what is there is finished.
class OutputFolder {
 public:
  /// Makes `path` with the folders above it, or takes one whose `file` holds the same recipe. Throws usage for a folder with another
  /// recipe, or with files but without `file`; io if it cannot be made.
  OutputFolder(const std::string& path, const std::string& file, Json recipe);

  const std::string& path() const { return path_; }
  /// Path of a file in the folder; the folders between are made. Throws io, and data for a name that leads out of the folder.
  std::string place(const std::string& name) const;
  /// What an earlier run has noted beside the recipe; an empty object without one.
  const Json& notes() const { return notes_; }
  /// Writes the file with the recipe and these notes.
  void note(Json notes);

 private:
  std::string path_, file_;
  Json recipe_, notes_ = Json::object();
};

/// Throws usage if `inside` lies in the folder `outer`, where its files would be taken for inputs.
void require_outside(const std::string& outer, const std::string& inside);

/// Checksum of a file's bytes as 8 hexadecimal digits. Throws data.
std::string file_checksum(const std::string& path);

}  // namespace segue
