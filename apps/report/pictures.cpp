#include "pictures.h"

#include <algorithm>
#include <filesystem>
#include <regex>

#include "apps/records/example_files.h"
#include "data/image_file.h"
#include "data/jpeg_file.h"
#include "html.h"
#include "kernels/error.h"
#include "run_data.h"
#include "runtime/json.h"
#include "runtime/text.h"

namespace segue::report {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostSide = 8192;
constexpr int kJpegQuality = 85;
constexpr const char* kJpeg = "data:image/jpeg;base64,";
constexpr const char* kPng = "data:image/png;base64,";

/// Labels with the colours that their file gives them.
struct ColoredIds {
  data::Image ids;
  data::Palette palette = {};
};

void check_side(const std::string& path) {
  const data::ImageSize size = data::image_size(path);
  if (std::max(size.height, size.width) > kMostSide)
    throw Error(Fault::data, cat(quote(path), ": expects a picture of at most ", kMostSide, " px a side; got ",
                                 size.width, "x", size.height));
}

ColoredIds read_colored(const std::string& path) {
  check_side(path);
  ColoredIds c;
  c.ids = data::read_label(path);
  const data::Image colors = data::read_image(path);
  for (size_t i = 0; i < c.ids.px.size(); ++i)
    std::copy_n(colors.px.begin() + 3 * ptrdiff_t(i), 3, c.palette[c.ids.px[i]].begin());
  return c;
}

EmbeddedImage embedded_ids(const ColoredIds& c) {
  const data::Image small = reduced(c.ids.view(), kShownWidth, true);
  return {kPng + base64(data::encode_png(small.view(), c.palette)), small.width, small.height};
}

constexpr uint8_t kRight = 0, kWrong = 1, kOutside = 2;

/// Where a prediction is wrong, and the share of labelled pixels that it has right.
EmbeddedImage error_map(const data::Image& label, const data::Image& prediction, std::optional<double>& right) {
  data::Image map(label.height, label.width, 1);
  int64_t counted = 0, wrong = 0;
  for (size_t i = 0; i < map.px.size(); ++i) {
    if (label.px[i] == data::kIgnore) {
      map.px[i] = kOutside;
      continue;
    }
    ++counted;
    map.px[i] = label.px[i] == prediction.px[i] ? kRight : kWrong;
    wrong += map.px[i] == kWrong;
  }
  if (counted > 0) right = 1 - double(wrong) / double(counted);
  data::Palette palette = {};
  palette[kRight] = kRightColor, palette[kWrong] = kWrongColor, palette[kOutside] = kOutsideColor;
  const data::Image small = reduced(map.view(), kShownWidth, true);
  return {kPng + base64(data::encode_png(small.view(), palette)), small.width, small.height};
}

/// Runs `read` if there is such a file; what it throws is a note.
template <class Read>
void if_there(const std::string& path, std::vector<std::string>& notes, const Read& read) {
  if (!fs::exists(path)) return;
  try {
    read(path);
  } catch (const Error& e) {
    notes.push_back(e.what());
  }
}

Example read_example(const std::string& folder, std::vector<std::string>& notes) {
  Example e;
  e.name = fs::path(folder).filename();
  if (const auto text = read_text(folder + "/about.json", 1 << 16, false, notes)) try {
      e.name = Json::parse(*text, folder + "/about.json").text("name");
    } catch (const Error& fault) {
      notes.push_back(fault.what());
    }
  for (const auto& [name, to] : {std::pair("image", &e.image), std::pair("translation", &e.translation)})
    if_there(cat(folder, '/', name, ".png"), notes, [to = to](const std::string& path) {
      check_side(path);
      *to = embedded_photo(data::read_image(path).view(), kShownWidth);
    });
  ColoredIds label, prediction;
  for (const auto& [name, ids, to] :
       {std::tuple("label", &label, &e.label), std::tuple("prediction", &prediction, &e.prediction)})
    if_there(cat(folder, '/', name, ".png"), notes, [&e, ids = ids, to = to](const std::string& path) {
      *ids = read_colored(path);
      *to = embedded_ids(*ids);
      for (const uint8_t id : ids->ids.px) e.colors[id] = ids->palette[id];
    });
  if (!e.label || !e.prediction) return e;
  if (label.ids.height == prediction.ids.height && label.ids.width == prediction.ids.width)
    e.errors = error_map(label.ids, prediction.ids, e.right);
  else
    notes.push_back(cat(quote(folder), ": label and prediction are of different sizes"));
  return e;
}

std::vector<std::string> sorted_names(const std::string& folder, bool folders) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored))
    if (entry.is_directory(ignored) == folders) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

EmbeddedImage embedded_photo(const data::ImageView& rgb, int64_t most_width) {
  const data::Image small = reduced(rgb, most_width, false);
  return {kJpeg + base64(data::encode_jpeg(small.view(), kJpegQuality)), small.width, small.height};
}

std::vector<Example> read_examples(const std::string& run_folder, std::vector<std::string>& notes) {
  const std::string folder = run_folder + "/examples";
  std::vector<Example> examples;
  for (const std::string& name : sorted_names(folder, true)) {
    if (examples.size() == kMostExamples) break;
    examples.push_back(read_example(folder + "/" + name, notes));
  }
  return examples;
}

std::vector<Sample> read_samples(const std::string& run_folder, std::vector<std::string>& notes) {
  static const std::regex kName(R"(step-(\d{1,12})-([^/]{1,100})\.png)");
  std::map<std::string, std::vector<int64_t>> steps;  // by name, rising
  const std::string folder = run_folder + "/samples";
  std::map<std::pair<std::string, int64_t>, std::string> files;
  for (const std::string& file : sorted_names(folder, false)) {
    std::smatch m;
    if (!std::regex_match(file, m, kName)) continue;
    const int64_t step = std::stoll(m[1]);
    steps[m[2]].push_back(step);
    files[{m[2], step}] = file;
  }
  std::vector<std::pair<std::string, int64_t>> wanted;
  for (auto& [name, at] : steps) {
    std::sort(at.begin(), at.end());
    if (wanted.empty())  // how it came about: evenly over the run
      for (size_t i = 0, n = std::min<size_t>(4, at.size()); i + 1 < n; ++i)
        wanted.emplace_back(name, at[i * (at.size() - 1) / (n - 1)]);
    if (wanted.size() < kMostSamples + 3) wanted.emplace_back(name, at.back());
  }
  std::vector<Sample> samples;
  for (const auto& [name, step] : wanted)
    if_there(folder + "/" + files[{name, step}], notes, [&, name = name, step = step](const std::string& path) {
      check_side(path);
      samples.push_back({name, step, embedded_photo(data::read_image(path).view(), kSampleWidth)});
    });
  return samples;
}

}  // namespace segue::report
