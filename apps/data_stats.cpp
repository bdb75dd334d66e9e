#include "data_stats.h"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <thread>

#include "bar_chart.h"
#include "data/label_counts.h"
#include "data/png_file.h"
#include "kernels/error.h"
#include "runtime/atomic_file.h"
#include "runtime/json.h"
#include "runtime/text.h"
#include "work_progress.h"

namespace segue {
namespace {

struct ClassShare {
  std::string name;
  std::array<uint8_t, 3> rgb = {};
  int64_t px = 0, images = 0;
  double share = 0;  // of labelled px; of all px for what is ignored
};

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f %%", 100 * share);
  return text;
}

std::string padded(const std::string& text, size_t width, bool right = false) {
  const std::string space(width > text.size() ? width - text.size() : 0, ' ');
  return right ? space + text : text + space;
}

std::vector<ClassShare> shares_of(const data::LabelCounts& counts, const data::ClassTable& classes) {
  std::vector<ClassShare> all;
  std::vector<int64_t> unlabelled = counts.all;  // px of each image that belong to no class
  int64_t labelled = 0, whole = 0;
  for (int64_t i = 0; i < counts.examples(); ++i) {
    for (int64_t c = 0; c < counts.classes; ++c) unlabelled[size_t(i)] -= counts.of(i, c);
    labelled += counts.all[size_t(i)] - unlabelled[size_t(i)];
    whole += counts.all[size_t(i)];
  }
  for (int64_t c = 0; c < counts.classes; ++c) {
    ClassShare s{classes.classes[size_t(c)].name, classes.color(uint8_t(c))};
    for (int64_t i = 0; i < counts.examples(); ++i) {
      s.px += counts.of(i, c);
      s.images += counts.of(i, c) > 0;
    }
    s.share = labelled > 0 ? double(s.px) / double(labelled) : 0;
    all.push_back(s);
  }
  ClassShare ignored{"(ignored)", {255, 255, 255}};
  ignored.px = whole - labelled;
  ignored.images = std::count_if(unlabelled.begin(), unlabelled.end(), [](int64_t n) { return n > 0; });
  ignored.share = whole > 0 ? double(ignored.px) / double(whole) : 0;
  all.push_back(ignored);
  return all;
}

void print_table(const std::vector<ClassShare>& shares, int64_t images) {
  constexpr double kBar = 40;
  size_t width = 5;
  double most = 1e-9;
  for (const ClassShare& s : shares) {
    width = std::max(width, s.name.size());
    most = std::max(most, s.share);
  }
  std::cout << padded("class", width) << "   labelled px     share   images\n";
  for (const ClassShare& s : shares)
    std::cout << padded(s.name, width) << ' ' << padded(count_text(uint64_t(s.px)), 13, true) << "  "
              << padded(percent(s.share), 8, true) << "  " << padded(std::to_string(s.images), 7, true) << "  "
              << std::string(size_t(s.share / most * kBar + 0.5), '#') << '\n';
  std::cout << images << (images == 1 ? " image" : " images")
            << "; shares are of labelled pixels, that of (ignored) of all pixels\n";
}

std::string json_text(const std::string& spec, const std::vector<ClassShare>& shares, int64_t images) {
  Json::Array list;
  for (const ClassShare& s : shares)
    list.push_back(Json::object().set("name", s.name).set("px", s.px).set("share", s.share).set("images", s.images));
  const Json ignored = list.back();
  list.pop_back();
  return Json::object()
             .set("data", spec)
             .set("images", images)
             .set("classes", list)
             .set("ignored", ignored)
             .dump(true) +
         "\n";
}

}  // namespace

void print_data_stats(const std::string& spec, const data::ClassTable& classes, const data::DataOptions& options,
                      const std::string& png, const std::string& json) {
  const auto set = data::open_data(spec, classes, options);
  WorkProgress progress("counting", set->size());
  const int threads = int(std::max(1u, std::thread::hardware_concurrency()));
  const data::LabelCounts counts =
      data::count_labels(*set, classes.size(), threads, [&](int64_t done, int64_t) { progress.at(done); });
  const std::vector<ClassShare> shares = shares_of(counts, classes);
  if (!json.empty()) write_file(json, json_text(spec, shares, counts.examples()));
  if (!png.empty()) {
    double most = 1e-9;
    for (const ClassShare& s : shares) most = std::max(most, s.share);
    std::vector<Bar> bars;
    for (const ClassShare& s : shares) bars.push_back({s.name, percent(s.share), s.share / most, s.rgb});
    const data::Image picture = draw_bar_chart(cat("share of labelled pixels, ", counts.examples(), " images"), bars);
    data::write_png(png, picture.view(), 6);
  }
  print_table(shares, counts.examples());
  const std::string warnings = set->warnings();
  if (!warnings.empty()) progress.say(cat("segue: warning: ", warnings));
}

}  // namespace segue
