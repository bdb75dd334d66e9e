#include "file_scan.h"

#include <algorithm>
#include <filesystem>

#include "kernels/error.h"
#include "runtime/text.h"

namespace segue::data {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxDepth = 16;  // links may go round in circles

std::string lower(std::string s) {
  for (char& c : s)
    if (c >= 'A' && c <= 'Z') c = char(c - 'A' + 'a');
  return s;
}

std::string without_endings(const std::string& relative, const std::vector<std::string>& endings) {
  const std::string small = lower(relative);
  for (const std::string& e : endings)
    if (small.size() > e.size() && small.compare(small.size() - e.size(), e.size(), e) == 0)
      return relative.substr(0, relative.size() - e.size());
  return "";
}

void scan(const fs::path& folder, const std::string& prefix, int depth, const FileKey& key,
          std::vector<ScannedFile>& found) {
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  if (error) throw Error(Fault::data, cat("cannot read the folder ", quote(folder.string()), ": ", error.message()));
  for (const fs::directory_entry& entry : entries) {
    const std::string name = entry.path().filename().string(), relative = prefix + name;
    if (name[0] == '.') continue;
    const std::string k = key(relative);
    const bool folder_inside = entry.is_directory(error);
    if (folder_inside && (k.empty() || image_stem(name).empty())) {
      if (depth < kMaxDepth) scan(entry.path(), relative + "/", depth + 1, key, found);
    } else if (!k.empty()) {
      found.push_back({k, entry.path().string()});
    }
  }
}

}  // namespace

std::vector<ScannedFile> scan_folder(const std::string& folder, const FileKey& key) {
  std::vector<ScannedFile> found;
  scan(folder, "", 0, key, found);
  std::sort(found.begin(), found.end(), [](const ScannedFile& a, const ScannedFile& b) {
    return a.key != b.key ? a.key < b.key : a.path < b.path;
  });
  return found;
}

std::string image_stem(const std::string& relative) { return without_endings(relative, {".png", ".jpg", ".jpeg"}); }
std::string png_stem(const std::string& relative) { return without_endings(relative, {".png"}); }

std::string without_suffix(const std::string& relative, const std::string& suffix) {
  const bool ends =
      relative.size() > suffix.size() && relative.compare(relative.size() - suffix.size(), suffix.size(), suffix) == 0;
  return ends ? relative.substr(0, relative.size() - suffix.size()) : "";
}

void pair_files(const std::vector<ScannedFile>& images, const std::vector<ScannedFile>& labels, Listing& listing) {
  const auto doubled = [&listing](const std::vector<ScannedFile>& files, size_t i) {
    const bool again = i > 0 && files[i].key == files[i - 1].key;
    if (again) listing.doubled.push_back(files[i].path);
    return again;
  };
  size_t l = 0;
  for (size_t i = 0; i < images.size(); ++i) {
    if (doubled(images, i)) continue;
    for (; l < labels.size() && labels[l].key < images[i].key; ++l)
      if (!doubled(labels, l)) listing.imageless.push_back(labels[l].path);
    if (l < labels.size() && labels[l].key == images[i].key) {
      listing.examples.push_back({images[i].key, images[i].path, labels[l].path});
      for (++l; l < labels.size() && labels[l].key == images[i].key; ++l) listing.doubled.push_back(labels[l].path);
    } else {
      listing.unlabelled.push_back(images[i].path);
    }
  }
  for (; l < labels.size(); ++l)
    if (!doubled(labels, l)) listing.imageless.push_back(labels[l].path);
}

void take_images(const std::vector<ScannedFile>& images, Listing& listing) {
  for (size_t i = 0; i < images.size(); ++i) {
    if (i > 0 && images[i].key == images[i - 1].key)
      listing.doubled.push_back(images[i].path);
    else
      listing.examples.push_back({images[i].key, images[i].path, ""});
  }
}

bool is_folder(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

std::vector<std::string> folders_in(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(path, error)) {
    const std::string name = entry.path().filename().string();
    if (name[0] != '.' && entry.is_directory(error)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace segue::data
