// Files and processes for tests.
#pragma once

#include <stdlib.h>
#include <sys/wait.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/error.h"

namespace segue::testing {

/// A folder that is gone, with all in it, at the end of the test.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "segue_files_XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("cannot make a folder like " + name);
    path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all, ignored);
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  std::string file(const std::string& name) const { return (path_ / name).string(); }
  const std::filesystem::path& path() const { return path_; }
  /// Names in the folder, hidden ones too.
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) found.push_back(entry.path().filename());
    return found;
  }

 private:
  std::filesystem::path path_;
};

inline std::string read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

inline void write_bytes(const std::string& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary);
  file << content;
  file.flush();
  if (!file) throw std::runtime_error("cannot write " + path);
}

/// A safetensors file of this header text and these bytes, well-formed or not.
inline std::string safetensors_file(const std::string& header, const std::string& data = "") {
  const uint64_t length = header.size();
  std::string file(8, '\0');
  std::memcpy(file.data(), &length, 8);
  return file + header + data;
}

/// The Error that `call` throws, as its message and exit code; what = "" if it throws none.
struct Caught {
  std::string what;
  int code = 0;
};
inline Caught caught(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& e) {
    return {e.what(), exit_code(e.fault())};
  }
  return {};
}

/// A finished process.
struct Finished {
  int status = 0;  ///< exit status; 128 + signal
  std::string out, err;
};
/// Runs a shell command line; what it prints goes through files in `folder`.
inline Finished run_shell(const ScratchFolder& folder, const std::string& command) {
  const std::string out = folder.file(".out"), err = folder.file(".err");
  const int status = std::system(("( " + command + " ) >'" + out + "' 2>'" + err + "'").c_str());
  Finished f{WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_bytes(out), read_bytes(err)};
  std::filesystem::remove(out);
  std::filesystem::remove(err);
  return f;
}

}  // namespace segue::testing
