#include "example_files.h"

#include <algorithm>
#include <filesystem>

#include "data/png_file.h"
#include "data/resize.h"
#include "kernels/error.h"
#include "runtime/atomic_file.h"
#include "runtime/json.h"
#include "runtime/text.h"

namespace segue {
namespace {

data::Palette palette_of(const data::ClassTable& classes) {
  data::Palette palette = {};
  for (size_t i = 0; i < palette.size(); ++i) palette[i] = classes.color(uint8_t(i));
  return palette;
}

void make_folder(const std::string& path) {
  std::error_code failed;
  std::filesystem::create_directories(path, failed);
  if (failed) throw Error(Fault::io, cat("creating folder ", quote(path), " failed: ", failed.message()));
}

}  // namespace

data::Image reduced(const data::ImageView& image, int64_t width, bool labels) {
  const int64_t w = std::min(image.width, width);
  const int64_t h = std::max<int64_t>(1, (image.height * w + image.width / 2) / image.width);
  return labels ? data::resize_nearest(image, h, w) : data::resize_antialias(image, h, w);
}

void save_example(const std::string& folder, int64_t number, const ExamplePictures& pictures,
                  const data::ClassTable& classes) {
  require(number >= 0 && number < 100, "save_example", "expects a number from 0 to 99; got ", number);
  const std::string at = cat(folder, "/examples/", number / 10, number % 10, '/');
  make_folder(at);
  const data::Palette palette = palette_of(classes);
  for (const auto& [name, view] :
       {std::pair("image", &pictures.image), std::pair("translation", &pictures.translation)})
    if (*view) data::write_png(cat(at, name, ".png"), reduced(*view, kExampleWidth, false).view());
  for (const auto& [name, view] : {std::pair("label", &pictures.label), std::pair("prediction", &pictures.prediction)})
    if (*view) data::write_png(cat(at, name, ".png"), reduced(*view, kExampleWidth, true).view(), palette);
  write_file(at + "about.json", Json::object().set("name", pictures.name).dump(true) + "\n");
}

}  // namespace segue
