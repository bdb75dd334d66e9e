#include "translate_images.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "data/resize.h"
#include "evaluation.h"
#include "image_pipeline.h"
#include "kernels/error.h"
#include "runtime/text.h"
#include "work_progress.h"

namespace segue {
namespace {

struct Item {
  data::ExampleBuffer buffer;
  data::Image image, label, result;  // label: train ids
  std::string error;                 // why it could not be read
};

data::ImageSize size_of(const data::ImageView& image, const TranslateOptions& o) {
  if (o.width == 0) return {image.height, image.width};
  if (o.height > 0) return {o.height, o.width};
  const double height = double(image.height) * double(o.width) / double(image.width);
  return {std::max<int64_t>(1, std::llround(height)), o.width};
}

void read_item(const data::DataSet& set, int64_t i, bool labels, const TranslateOptions& options, Item& item) {
  const data::Example e = set.read(i, item.buffer);
  const data::ImageSize size = size_of(e.image, options);
  item.image = data::resize_antialias(e.image, size.height, size.width);
  if (!labels) return;
  item.label = data::resize_nearest(e.label, size.height, size.width);
  data::ByteMap(*e.table).apply(item.label.px.data(), item.label.px.data(), int64_t(item.label.px.size()));
}

}  // namespace

TranslateCounts translate_images(Context& c, CycleGanGenerator& generator, const data::DataSet& set,
                                 const OutputFolder& folder, const LabelledFolder* labelled,
                                 const TranslateOptions& options, const std::function<bool()>& go_on,
                                 const std::function<void(const std::string&)>& keep) {
  const auto path_of = [&](int64_t i) {
    return labelled ? labelled->image_path(set.name(i)) : folder.place(set.name(i) + ".png");
  };
  // An image is written after its label: where it is, both are whole.
  std::vector<int64_t> missing;
  for (int64_t i = 0; i < set.size(); ++i)
    if (!std::filesystem::exists(path_of(i))) missing.push_back(i);

  TranslateCounts counts{.there = set.size() - int64_t(missing.size())};
  WorkProgress progress("translating", set.size(), counts.there);
  ImageTranslator translator(c, generator);
  int64_t done = counts.there;
  counts.finished = true;
  image_pipeline<Item>(
      int64_t(missing.size()), image_helpers(c),
      [&](int64_t k, Item& item) {
        item.error.clear();
        try {
          read_item(set, missing[size_t(k)], labelled != nullptr, options, item);
        } catch (const Error& e) {
          if (e.fault() != Fault::data) throw;
          item.error = e.what();
        }
      },
      [&](int64_t k, Item& item) {
        if (!go_on()) {
          item.error = "stopped";
          return counts.finished = false;
        }
        if (item.error.empty()) try {
            translator.translate(item.image.view(), item.result);
          } catch (const Error& e) {
            if (e.fault() != Fault::out_of_memory) throw;
            item.error = cat("image ", quote(set.origin(missing[size_t(k)])), " at ", item.image.height, "x",
                             item.image.width, " px needs more memory than there is; try --size");
          }
        if (item.error.empty()) {
          ++counts.translated;
        } else {
          ++counts.failed;
          progress.say("segue: warning: " + item.error);
          if (keep) keep("warning: " + item.error);
        }
        progress.at(++done);
        return true;
      },
      [&](int64_t k, Item& item) {
        if (!item.error.empty()) return;
        const int64_t i = missing[size_t(k)];
        if (labelled) labelled->write_label(set.name(i), item.label.view());
        data::write_png(path_of(i), item.result.view());
      });
  return counts;
}

}  // namespace segue
