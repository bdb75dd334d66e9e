#include "labelled_folder.h"

#include <filesystem>

#include "data/image_file.h"
#include "data/resize.h"
#include "kernels/error.h"
#include "runtime/atomic_file.h"
#include "runtime/mapped_file.h"
#include "runtime/text.h"

namespace segue {
namespace {

namespace fs = std::filesystem;

/// The image's own ending: readers look at the content, people at the name.
std::string ending_of(const std::string& file) { return fs::path(file).extension(); }

void copy_file(const std::string& from, const std::string& to) {
  const MappedFile file(from);
  write_file(to, {reinterpret_cast<const char*>(file.data()), file.bytes()});
}

}  // namespace

LabelledFolder::LabelledFolder(const OutputFolder& folder, data::ClassTable classes)
    : folder_(folder), classes_(std::move(classes)), to_file_(classes_.to_file()) {
  write_file(folder.place("classes.toml"), data::class_table_text(classes_));
  for (const data::ClassInfo& k : classes_.classes) palette_[k.id] = k.rgb;
}

void LabelledFolder::write_image(const std::string& name, const data::ImageView& image) const {
  data::write_png(image_path(name), image);
}

void LabelledFolder::refer_image(const std::string& name, const std::string& file, bool copy) const {
  const std::string path = folder_.place("images/" + name + ending_of(file));
  std::error_code error;
  if (!copy) {
    const fs::path target = fs::canonical(file, error);
    if (error) throw Error(Fault::data, cat("image ", quote(file), ": ", error.message()));
    if (fs::is_symlink(path, error) && fs::read_symlink(path, error) == target) return;
    fs::remove(path, error);
    fs::create_symlink(target, path, error);
    if (!error) return;
  }
  copy_file(file, path);
}

void LabelledFolder::write_label(const std::string& name, const data::ImageView& train_ids) const {
  data::Image ids(train_ids.height, train_ids.width, 1);
  data::ByteMap(to_file_).apply(train_ids.px, ids.px.data(), int64_t(ids.px.size()));
  data::write_png(label_path(name), ids.view(), palette_);
}

}  // namespace segue
