// Running the scripts of tests/reference, where there is a Python with PyTorch.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace segue::testing {

/// The interpreter: SEGUE_PYTHON, else /usr/bin/python3, where Debian's python3-torch lives.
std::string python();
/// True if it imports these modules: "numpy".
bool have_modules(const std::string& modules);
/// The same for torch, torchvision and numpy.
bool have_torch();

struct ScriptResult {
  int status = -1;     ///< exit status
  std::string output;  ///< stdout and stderr
};
/// Runs tests/reference/<script>.
ScriptResult run_script(const std::string& script, const std::vector<std::string>& arguments);

/// A new folder under the system's temporary one; gone with the object.
struct TemporaryFolder {
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::filesystem::path path;
};

/// Root of the sources: SEGUE_SOURCE_DIR, which CTest sets, else the folder of this file's parent.
std::filesystem::path source_dir();

}  // namespace segue::testing
