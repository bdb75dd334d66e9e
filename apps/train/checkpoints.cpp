#include "checkpoints.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "kernels/error.h"
#include "runtime/atomic_file.h"
#include "runtime/text.h"

namespace segue {
namespace fs = std::filesystem;
namespace {

constexpr const char* kPrefix = "step-";
constexpr const char* kTemporary = ".tmp-";

/// The names in a folder must be on the disk before something relies on them.
void sync_folder(const std::string& path) {
  const int folder = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  fsync(folder);  // file systems that cannot answer EINVAL: nothing to do
  close(folder);
}

/// -1 for what is no checkpoint's name.
int64_t step_of(const std::string& name) {
  const size_t n = std::strlen(kPrefix);
  if (name.rfind(kPrefix, 0) != 0 || name.size() == n || name.size() > n + 18 ||
      name.find_first_not_of("0123456789", n) != std::string::npos)
    return -1;
  return std::stoll(name.substr(n));
}

/// Renames folder `from` to `to`. One that is there already gives way at the same moment, where the file system can do that:
/// a mark never names nothing.
bool put(const std::string& from, const std::string& to) {
  std::error_code ignored;
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE) == 0) {
    fs::remove_all(from, ignored);
    return true;
  }
  fs::remove_all(to, ignored);
  return std::rename(from.c_str(), to.c_str()) == 0;
}

}  // namespace

Checkpoints::Checkpoints(const std::string& run_folder, int64_t keep)
    : folder_(run_folder + "/checkpoints"), keep_(keep) {}

std::string Checkpoints::name(int64_t step) {
  char text[40];
  std::snprintf(text, sizeof text, "%s%08lld", kPrefix, static_cast<long long>(step));
  return text;
}

void Checkpoints::save(int64_t step, bool best, const std::function<void(const std::string& folder)>& write) {
  if (mkdir(folder_.c_str(), 0777) != 0 && errno != EEXIST)
    throw Error(Fault::io, cat("creating folder ", quote(folder_), " failed: ", std::strerror(errno)));
  const std::string temporary = cat(folder_, '/', kTemporary, name(step)), final = folder_ + "/" + name(step);
  std::error_code ignored;
  fs::remove_all(temporary, ignored);  // of a process that died
  try {
    if (mkdir(temporary.c_str(), 0777) != 0)
      throw Error(Fault::io, cat("creating folder ", quote(temporary), " failed: ", std::strerror(errno)));
    write(temporary);
    sync_folder(temporary);
    if (!put(temporary, final))
      throw Error(Fault::io, cat("writing ", quote(final), " failed: ", std::strerror(errno)));
    sync_folder(folder_);
  } catch (...) {
    fs::remove_all(temporary, ignored);
    throw;
  }
  write_file(folder_ + "/last", name(step) + "\n");
  if (best) set_best(step);
  remove_old(step);
}

void Checkpoints::set_best(int64_t step) {
  struct stat info;
  if (marked("best") != name(step) && stat((folder_ + "/" + name(step)).c_str(), &info) == 0)
    write_file(folder_ + "/best", name(step) + "\n");
}

std::string Checkpoints::marked(const char* mark) const {
  std::ifstream file(folder_ + "/" + mark);
  std::string text;
  std::getline(file, text);
  return text;
}

std::vector<int64_t> Checkpoints::steps() const {
  std::vector<int64_t> steps;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_, ignored))
    if (const int64_t step = step_of(entry.path().filename()); step >= 0) steps.push_back(step);
  std::sort(steps.rbegin(), steps.rend());
  return steps;
}

std::string Checkpoints::last() const {
  const std::string path = named("last");
  if (!path.empty()) return path;
  // The first one, of a run that died before it could mark it; or the mark is lost. A folder with this name is whole.
  const std::vector<int64_t> all = steps();
  return all.empty() ? "" : folder_ + "/" + name(all[0]);
}

std::string Checkpoints::named(const char* mark) const {
  const std::string text = marked(mark);
  if (text.empty()) return "";
  if (step_of(text) < 0)
    throw Error(Fault::data,
                cat(quote(folder_ + "/" + mark), ": expects a name such as ", name(0), "; got ", quote(text)));
  struct stat info;
  const std::string path = folder_ + "/" + text;
  if (stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
    throw Error(Fault::data, cat(quote(folder_ + "/" + mark), " names ", text,
                                 ", which is not there; write the name of another folder into it"));
  return path;
}

void Checkpoints::remove_old(int64_t newest) const {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_, ignored))
    if (entry.path().filename().string().rfind(kTemporary, 0) == 0) fs::remove_all(entry.path(), ignored);
  const std::string best = marked("best");
  int64_t kept = 0;
  for (const int64_t step : steps()) {
    // Those of a life that had come further and was not gone on with are in nobody's way: this one will replace them.
    if (step > newest || kept++ < keep_ || name(step) == best) continue;
    // Out of sight first: a half-removed folder must not look like a checkpoint.
    const std::string path = folder_ + "/" + name(step), doomed = cat(folder_, '/', kTemporary, "old-", step);
    if (std::rename(path.c_str(), doomed.c_str()) == 0) fs::remove_all(doomed, ignored);
  }
}

}  // namespace segue
