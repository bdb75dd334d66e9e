#include "python.h"

#include <stdlib.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <system_error>

#include "kernels/error.h"

namespace segue::testing {
namespace {

std::string quoted(const std::string& s) {
  std::string q = "'";
  for (char c : s) q += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return q + "'";
}

ScriptResult run(const std::string& command) {
  ScriptResult r;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  require(pipe != nullptr, "tests", "cannot start ", command);
  char buffer[4096];
  for (size_t n; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) r.output.append(buffer, n);
  const int status = pclose(pipe);
  r.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  return r;
}

}  // namespace

std::string python() {
  const char* chosen = std::getenv("SEGUE_PYTHON");
  return chosen && *chosen ? chosen : "/usr/bin/python3";
}

bool have_modules(const std::string& modules) {
  static std::map<std::string, bool> known;
  const auto [it, unknown] = known.try_emplace(modules, false);
  if (!unknown) return it->second;
  const ScriptResult r = run(quoted(python()) + " -c " + quoted("import " + modules));
  if (r.status != 0) std::cerr << r.output;  // why
  return it->second = r.status == 0;
}

bool have_torch() { return have_modules("torch, torchvision, numpy"); }

ScriptResult run_script(const std::string& script, const std::vector<std::string>& arguments) {
  // -B: no __pycache__ in the sources.
  std::string command = quoted(python()) + " -B " + quoted((source_dir() / "tests/reference" / script).string());
  for (const std::string& a : arguments) command += " " + quoted(a);
  return run(command);
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "segue_test_XXXXXX").string();
  require(mkdtemp(name.data()) != nullptr, "tests", "cannot make a folder like ", name);
  path = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

std::filesystem::path source_dir() {
  const char* set = std::getenv("SEGUE_SOURCE_DIR");
  if (set && *set) return set;
  return std::filesystem::path(__FILE__).parent_path().parent_path();
}

}  // namespace segue::testing
