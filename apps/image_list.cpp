#include "image_list.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "data/file_scan.h"
#include "data/image_file.h"
#include "kernels/error.h"
#include "runtime/text.h"

namespace segue {
namespace {

namespace fs = std::filesystem;

class ImageList : public data::DataSet {
 public:
  explicit ImageList(std::vector<data::ScannedFile> images) : images_(std::move(images)) {
    const auto same =
        std::adjacent_find(images_.begin(), images_.end(), [](const auto& a, const auto& b) { return a.key == b.key; });
    if (same != images_.end())
      throw Error(Fault::data, cat(quote(same->path), " and ", quote((same + 1)->path),
                                   " differ in nothing but their extension: outputs are named without it"));
  }

  int64_t size() const override { return int64_t(images_.size()); }
  bool labelled() const override { return false; }
  std::string name(int64_t i) const override { return images_[size_t(i)].key; }
  std::string origin(int64_t i) const override { return images_[size_t(i)].path; }
  data::Example read(int64_t i, data::ExampleBuffer& buffer) const override {
    data::read_image(images_[size_t(i)].path, buffer.image, buffer.bytes);
    return {.image = buffer.image.view(), .label = {}};
  }

 private:
  std::vector<data::ScannedFile> images_;
};

}  // namespace

std::shared_ptr<const data::DataSet> open_images(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) throw Error(Fault::data, cat("there is no image or folder ", quote(path)));
  if (!fs::is_directory(status))
    return std::make_shared<ImageList>(std::vector<data::ScannedFile>{{fs::path(path).stem(), path}});
  std::vector<data::ScannedFile> images = data::scan_folder(path, data::image_stem);
  if (images.empty()) throw Error(Fault::data, cat("folder ", quote(path), " holds no .png, .jpg or .jpeg file"));
  return std::make_shared<ImageList>(std::move(images));
}

}  // namespace segue
