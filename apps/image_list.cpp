#include "image_list.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "data/image_file.h"
#include "kernels/error.h"
#include "runtime/text.h"

namespace segue {
namespace {

namespace fs = std::filesystem;

bool is_image_name(const fs::path& file) {
  std::string extension = file.extension();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 'a' - 'A') : c; });
  return extension == ".png" || extension == ".jpg" || extension == ".jpeg";
}

class ImageList : public data::DataSet {
 public:
  void add(const std::string& name, const std::string& path) { images_.push_back({name, path}); }
  void sort() {
    std::sort(images_.begin(), images_.end());
    const auto same = std::adjacent_find(images_.begin(), images_.end(),
                                         [](const Entry& a, const Entry& b) { return a.name == b.name; });
    if (same != images_.end())
      throw Error(Fault::data, cat(quote(same->path), " and ", quote((same + 1)->path),
                                   " differ in nothing but their extension: outputs are named without it"));
  }

  int64_t size() const override { return int64_t(images_.size()); }
  bool labelled() const override { return false; }
  std::string name(int64_t i) const override { return images_[size_t(i)].name; }
  std::string origin(int64_t i) const override { return images_[size_t(i)].path; }
  data::Example read(int64_t i, data::ExampleBuffer& buffer) const override {
    data::read_image(images_[size_t(i)].path, buffer.image, buffer.bytes);
    return {.image = buffer.image.view(), .label = {}};
  }

 private:
  struct Entry {
    std::string name, path;
    bool operator<(const Entry& o) const { return name != o.name ? name < o.name : path < o.path; }
  };
  std::vector<Entry> images_;
};

}  // namespace

std::shared_ptr<const data::DataSet> open_images(const std::string& path) {
  auto list = std::make_shared<ImageList>();
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) throw Error(Fault::data, cat("there is no image or folder ", quote(path)));
  if (!fs::is_directory(status)) {
    list->add(fs::path(path).stem(), path);
    return list;
  }
  for (auto it = fs::recursive_directory_iterator(path, error); !error && it != fs::recursive_directory_iterator();
       it.increment(error)) {
    const fs::path& file = it->path();
    if (file.filename().string()[0] == '.') {
      it.disable_recursion_pending();
    } else if (is_image_name(file) && !it->is_directory()) {
      list->add(file.lexically_relative(path).replace_extension(), file);
    }
  }
  if (error) throw Error(Fault::data, cat("reading folder ", quote(path), " failed: ", error.message()));
  if (list->size() == 0) throw Error(Fault::data, cat("folder ", quote(path), " holds no .png, .jpg or .jpeg file"));
  list->sort();
  return list;
}

}  // namespace segue
