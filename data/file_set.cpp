#include "file_set.h"

#include <algorithm>
#include <atomic>

#include "byte_counts.h"
#include "image_file.h"
#include "kernels/error.h"
#include "resize.h"
#include "runtime/text.h"

namespace segue::data {
namespace {

class FileSet final : public DataSet {
 public:
  FileSet(Listing listing, bool labelled)
      : listing_(std::move(listing)),
        labelled_(labelled),
        looked_at_(size_t(size())),
        foreign_(size_t(size())),
        resized_(size_t(size())) {}

  int64_t size() const override { return int64_t(listing_.examples.size()); }
  bool labelled() const override { return labelled_; }
  const LabelScheme* scheme() const override { return labelled_ ? &listing_.scheme : nullptr; }
  std::string name(int64_t i) const override { return at(i).name; }
  std::string origin(int64_t i) const override { return at(i).image; }

  Example read(int64_t i, ExampleBuffer& buffer) const override {
    Example example = read_image(i, buffer);
    if (!labelled_) return example;
    data::read_label(at(i).label, buffer.label, buffer.bytes);
    look_at(i, buffer.label.view());
    if (buffer.label.height != buffer.image.height || buffer.label.width != buffer.image.width) {
      buffer.label = resize_nearest(buffer.label.view(), buffer.image.height, buffer.image.width);
      resized_[size_t(i)] = true;
    }
    example.label = buffer.label.view();
    example.table = &listing_.table;
    return example;
  }

  Example read_label(int64_t i, ExampleBuffer& buffer) const override {
    if (!labelled_) return read(i, buffer);
    data::read_label(at(i).label, buffer.label, buffer.bytes);
    look_at(i, buffer.label.view());
    return {{}, buffer.label.view(), &listing_.table};
  }

  Example read_image(int64_t i, ExampleBuffer& buffer) const override {
    data::read_image(at(i).image, buffer.image, buffer.bytes);
    return {buffer.image.view(), {}, nullptr};
  }

  std::string warnings() const override {
    std::string all;
    const auto add = [&all](int64_t n, const char* one, const char* several) {
      if (n > 0) all += cat(all.empty() ? "" : "; ", n, " ", n == 1 ? one : several);
    };
    add(std::count(resized_.begin(), resized_.end(), true), "label resized to its image",
        "labels resized to their images");
    const std::string foreign = cat("with ids that labels of ", quote(listing_.scheme.name),
                                    " do not have, ignored; 'segue data check' lists them");
    add(std::count(foreign_.begin(), foreign_.end(), true), ("label " + foreign).c_str(),
        ("labels " + foreign).c_str());
    add(int64_t(listing_.unlabelled.size()), "image without a label left out", "images without a label left out");
    add(int64_t(listing_.imageless.size()), "label without an image left out", "labels without an image left out");
    add(int64_t(listing_.doubled.size()), "file with the name of another one left out",
        "files with the names of others left out");
    add(int64_t(listing_.broken.size()), "image known to be broken left out", "images known to be broken left out");
    return all;
  }

 private:
  const ListedExample& at(int64_t i) const { return listing_.examples.at(size_t(i)); }
  /// Only the first time: an epoch later the answer is the same.
  void look_at(int64_t i, const ImageView& label) const {
    if (looked_at_[size_t(i)].exchange(true)) return;
    const ByteCounts px = count_bytes(label.px, label.height, label.width, label.width);
    for (size_t id = 0; id < kIgnore; ++id)
      if (px[id] > 0 && listing_.scheme.label(uint8_t(id)).empty()) foreign_[size_t(i)] = true;
  }

  Listing listing_;
  bool labelled_;
  // By example: its label has been counted; it has ids that the scheme does not have; it was resized.
  mutable std::vector<std::atomic<bool>> looked_at_, foreign_, resized_;
};

}  // namespace

std::shared_ptr<const DataSet> open_files(const DataSpec& spec, Listing listing, const DataOptions& options) {
  if (listing.examples.empty()) {
    std::string found;
    if (!listing.unlabelled.empty())
      found = cat("; there are ", listing.unlabelled.size(), " images without a label, such as ",
                  quote(listing.unlabelled.front()));
    else if (!listing.imageless.empty())
      found = cat("; there are ", listing.imageless.size(), " labels without an image, such as ",
                  quote(listing.imageless.front()));
    throw Error(Fault::data, cat("data ", quote(spec.text), ": found no examples; looked for ", listing.sought, found));
  }
  return std::make_shared<FileSet>(std::move(listing), options.need_labels);
}

}  // namespace segue::data
