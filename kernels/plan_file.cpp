#include "plan_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <vector>

#include "error.h"

namespace segue {
namespace {

constexpr const char *kTuned = "tuned", *kGuessed = "guessed";

std::string clean(std::string text) {
  for (char& c : text)
    if (c == '\t' || c == '\n') c = ' ';
  return text;
}

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields(1);
  for (char c : line) {
    if (c == '\t')
      fields.emplace_back();
    else
      fields.back() += c;
  }
  return fields;
}

[[noreturn]] void fail_io(const std::string& path) {
  fail(Fault::io, "plans", "expects to read and write ", path, "; got ", std::strerror(errno),
       ". Name another file, or none");
}

}  // namespace

PlanFile::PlanFile(std::string path) : path_(std::move(path)) {
  if (path_.empty()) return;
  const int fd = open(path_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) fail_io(path_);
  close(fd);
  std::ifstream file(path_);
  for (std::string line; std::getline(file, line);) {
    if (file.eof()) break;  // no newline: the write was cut off
    const std::vector<std::string> fields = fields_of(line);
    int64_t version = 0;
    if (fields.size() != 5 || (fields[3] != kTuned && fields[3] != kGuessed)) continue;
    const char* end = fields[0].data() + fields[0].size();
    const auto [last, error] = std::from_chars(fields[0].data(), end, version);
    if (error != std::errc() || last != end) continue;
    choices_[{version, fields[1], fields[2]}] = {fields[4], fields[3] == kTuned};
  }
}

const PlanFile::Choice* PlanFile::find(int64_t version, const std::string& device, const std::string& call) const {
  const auto found = choices_.find({version, clean(device), call});
  return found == choices_.end() ? nullptr : &found->second;
}

void PlanFile::add(int64_t version, const std::string& device, const std::string& call, const Choice& choice) {
  choices_[{version, clean(device), call}] = choice;
  if (path_.empty()) return;
  const std::string line =
      cat(version, '\t', clean(device), '\t', call, '\t', choice.tuned ? kTuned : kGuessed, '\t', choice.text, '\n');
  const int fd = open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) fail_io(path_);
  // One write: lines of several processes do not mix.
  const ssize_t written = write(fd, line.data(), line.size());
  if (close(fd) != 0 || written != ssize_t(line.size())) fail_io(path_);
}

}  // namespace segue
