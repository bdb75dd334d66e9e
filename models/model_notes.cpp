#include "model_notes.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "runtime/text.h"

namespace segue {
namespace {

/// Of the keys below. A reader refuses a higher one.
constexpr int64_t kVersion = 1;
constexpr const char *kArch = "segue.arch", *kNumClasses = "segue.num_classes", *kStride = "segue.output_stride",
                     *kWidth = "segue.width", *kMean = "segue.mean", *kStd = "segue.std", *kTable = "segue.class_table",
                     *kNames = "segue.classes", *kStep = "segue.step", *kVersionKey = "segue.version",
                     *kSkips = "segue.skips";
constexpr const char* kGenerator = "cyclegan_generator";

/// Shortest text that reads back as the same number.
template <class T>
std::string number(T v) {
  char text[64];
  return std::string(text, std::to_chars(text, text + sizeof text, v).ptr);
}

template <class Range, class F>
std::string list(const Range& values, F&& text_of) {
  std::string text;
  for (const auto& v : values) text += (text.empty() ? "" : ",") + text_of(v);
  return text;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  for (size_t at = 0, comma; at <= text.size(); at = comma + 1) {
    comma = std::min(text.find(',', at), text.size());
    parts.push_back(text.substr(at, comma - at));
  }
  return parts;
}

class Notes {
 public:
  explicit Notes(const SafeTensors& file) : file_(file) {}

  /// Null if there is no such note.
  const std::string* find(const char* key) const {
    const auto it = file_.metadata().find(key);
    return it == file_.metadata().end() ? nullptr : &it->second;
  }
  [[noreturn]] void refuse(const char* key, const std::string& expected) const {
    throw Error(Fault::data, cat("weights ", quote(file_.path()), ": metadata ", key, " expects ", expected, "; got ",
                                 quote(*find(key))));
  }
  template <class T>
  void read(const char* key, T least, T most, T& value) const {
    if (const std::string* text = find(key)) value = parse(key, *text, least, most);
  }
  template <class T>
  T parse(const char* key, const std::string& text, T least, T most) const {
    T v{};
    const auto r = std::from_chars(text.data(), text.data() + text.size(), v);
    if (r.ec != std::errc() || r.ptr != text.data() + text.size() || !(v >= least && v <= most))
      refuse(key,
             cat(find(key)->find(',') == std::string::npos ? "a number" : "numbers", " from ", least, " to ", most));
    return v;
  }
  /// Three numbers.
  void read(const char* key, float least, float most, std::array<float, 3>& values) const {
    const std::string* text = find(key);
    if (!text) return;
    const std::vector<std::string> parts = split(*text);
    if (parts.size() != 3) refuse(key, "three numbers, for red, green and blue");
    for (size_t i = 0; i < 3; ++i) values[i] = parse(key, parts[i], least, most);
  }
  /// As many as there are classes; empty: no such note.
  std::vector<std::string> read_list(const char* key, int64_t classes) const {
    const std::string* text = find(key);
    if (!text) return {};
    std::vector<std::string> parts = split(*text);
    if (int64_t(parts.size()) != classes) refuse(key, cat("one for each of ", classes, " classes"));
    return parts;
  }
  void check_version() const {
    int64_t version = kVersion;
    read<int64_t>(kVersionKey, 1, kVersion, version);
  }

 private:
  const SafeTensors& file_;
};

std::map<std::string, std::string> common_notes(const std::string& arch, int64_t step) {
  return {{kArch, arch}, {kStep, number(step)}, {kVersionKey, number(kVersion)}};
}

constexpr int64_t kMostSteps = int64_t(1) << 53;

}  // namespace

std::map<std::string, std::string> notes_of(const SegmenterInfo& info) {
  std::map<std::string, std::string> notes = common_notes(info.arch, info.step);
  notes[kNumClasses] = number(info.classes);
  notes[kStride] = number(info.output_stride);
  notes[kWidth] = number(info.width);
  notes[kMean] = list(info.mean, number<float>);
  notes[kStd] = list(info.std, number<float>);
  if (!info.class_table.empty()) notes[kTable] = info.class_table;
  if (info.class_names.empty()) return notes;
  // For people: the table has names that hold commas as they are.
  notes[kNames] = list(info.class_names, [](std::string name) {
    std::replace(name.begin(), name.end(), ',', ';');
    return name;
  });
  return notes;
}

std::map<std::string, std::string> notes_of(const GeneratorInfo& info) {
  std::map<std::string, std::string> notes = common_notes(kGenerator, info.step);
  if (info.skips) notes[kSkips] = "1";
  return notes;
}

bool has_notes(const SafeTensors& file) { return Notes(file).find(kArch) != nullptr; }

double width_note(const SafeTensors& file) {
  double width = 0;
  Notes(file).read(kWidth, 1e-6, 64., width);
  return width;
}

void apply_notes(const SafeTensors& file, SegmenterInfo& info) {
  const Notes notes(file);
  notes.check_version();
  if (const std::string* arch = notes.find(kArch); arch && *arch != info.arch)
    notes.refuse(kArch, cat(info.arch, ", which the tensors are"));
  int64_t classes = info.classes;
  notes.read<int64_t>(kNumClasses, 1, 255, classes);
  if (classes != info.classes) notes.refuse(kNumClasses, cat(info.classes, ", which the tensors have"));
  notes.read(kStride, 8, 16, info.output_stride);
  if (info.output_stride != 8 && (info.output_stride != 16 || info.arch == "fcn"))
    notes.refuse(kStride, info.arch == "fcn" ? "8" : "8 or 16");
  notes.read(kMean, -1e6f, 1e6f, info.mean);
  notes.read(kStd, 1e-6f, 1e6f, info.std);
  notes.read<int64_t>(kStep, 0, kMostSteps, info.step);
  if (const std::string* table = notes.find(kTable)) info.class_table = *table;

  info.class_names = notes.read_list(kNames, classes);
}

void apply_notes(const SafeTensors& file, GeneratorInfo& info) {
  const Notes notes(file);
  notes.check_version();
  if (const std::string* arch = notes.find(kArch); arch && *arch != kGenerator)
    notes.refuse(kArch, cat(kGenerator, ", which the tensors are"));
  notes.read<int64_t>(kStep, 0, kMostSteps, info.step);
  int skips = 0;
  notes.read(kSkips, 0, 1, skips);
  info.skips = skips == 1;
}

}  // namespace segue
