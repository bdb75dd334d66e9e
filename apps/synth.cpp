// segue synth: a data set of street scenes in Cityscapes' layout.
#include <atomic>
#include <charconv>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>
#include <limits>
#include <mutex>
#include <thread>
#include <vector>

#include "commands.h"
#include "data/png_file.h"
#include "data/scene_renderer.h"
#include "kernels/error.h"
#include "output_folder.h"
#include "runtime/text.h"
#include "work_progress.h"

namespace segue {
namespace {

constexpr const char* kRecord = "synth.json";
constexpr int64_t kMostImages = 1000000;  // six digits in a name

[[noreturn]] void usage(const std::string& what) { throw Error(Fault::usage, what + "; see 'segue help synth'"); }

int64_t number_of(const std::string& text, const char* option, int64_t least, int64_t most) {
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || value < least || value > most)
    usage(cat("--", option, " expects a whole number from ", least, " to ", most, "; got ", quote(text)));
  return value;
}

/// A share, 0 to 1.
float share_of(const std::string& text, const char* option) {
  float value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || !(value >= 0 && value <= 1))
    usage(cat("--", option, " expects a number from 0 to 1; got ", quote(text)));
  return value;
}

/// WxH.
void read_size(const std::string& text, data::SceneOptions& scene) {
  const size_t x = text.find('x');
  const auto side = [&](const std::string& digits, int64_t& value) {
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value);
    return error == std::errc() && stop == end && value >= data::kSceneLeastSide && value <= data::kSceneMostSide;
  };
  if (x == std::string::npos || !side(text.substr(0, x), scene.width) || !side(text.substr(x + 1), scene.height))
    usage(cat("--size expects WIDTHxHEIGHT, each from ", data::kSceneLeastSide, " to ", data::kSceneMostSide, "; got ",
              quote(text)));
}

std::string one_of(const std::string& text, const char* option, const std::vector<std::string>& choices) {
  for (const std::string& c : choices)
    if (text == c) return c;
  usage(cat("--", option, " expects ", choices[0], " or ", choices[1], "; got ", quote(text),
            did_you_mean(text, choices)));
}

/// One split of a folder of scenes. Training and validation never share a scene: the latter's indices begin at 2^31.
struct Split {
  const OutputFolder& folder;
  data::SceneOptions scene;
  std::string name;

  std::string stem(int64_t i) const {
    char text[48];
    std::snprintf(text, sizeof text, "synth_%06u_%06u", unsigned(scene.seed % 1000000), unsigned(i));
    return text;
  }
  std::string image(int64_t i) const {
    return folder.place("leftImg8bit/" + name + "/synth/" + stem(i) + "_leftImg8bit.png");
  }
  std::string label(int64_t i) const {
    return folder.place("gtFine/" + name + "/synth/" + stem(i) + "_gtFine_labelIds.png");
  }
  void write(int64_t i) const {
    data::SceneOptions o = scene;
    o.index = uint32_t(i) + (name == "val" ? 0x80000000u : 0u);
    data::Image rgb, ids;
    data::render_scene(o, rgb, ids);
    // An image is written after its label: where it is, both are whole.
    data::write_png(label(i), ids.view());
    data::write_png(image(i), rgb.view());
  }
};

/// Writes what is missing of the first `count`, on so many threads. Returns how many were there before.
int64_t fill(const Split& split, int64_t count, int64_t threads) {
  std::vector<int64_t> missing;
  for (int64_t i = 0; i < count; ++i)
    if (!std::filesystem::exists(split.image(i))) missing.push_back(i);
  const int64_t before = count - int64_t(missing.size());
  WorkProgress progress("rendering", count, before);
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  int64_t done = before;
  std::exception_ptr error;
  const auto work = [&] {
    for (;;) {
      const size_t k = next++;
      if (k >= missing.size()) return;
      try {
        split.write(missing[k]);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!error) error = std::current_exception();
        next = missing.size();
        return;
      }
      const std::lock_guard lock(mutex);
      progress.at(++done);
    }
  };
  std::vector<std::thread> others;
  for (int64_t t = 1; t < threads && t < int64_t(missing.size()); ++t) others.emplace_back(work);
  work();
  for (std::thread& t : others) t.join();
  if (error) std::rethrow_exception(error);
  return before;
}

}  // namespace

void run_synth(const SynthCommand& c) {
  data::SceneOptions scene;
  if (c.count.empty()) usage("'segue synth' expects --count, the number of images; got none");
  const int64_t count = number_of(c.count, "count", 1, kMostImages);
  read_size(c.size, scene);
  const std::string style = one_of(c.style, "style", {"render", "camera"}),
                    split = one_of(c.split, "split", {"train", "val"});
  scene.style = style == "camera" ? data::SceneStyle::camera : data::SceneStyle::render;
  scene.seed = uint64_t(number_of(c.seed, "seed", 0, std::numeric_limits<int64_t>::max()));
  if (!c.trees.empty()) scene.trees = share_of(c.trees, "trees");
  if (!c.bare_trees.empty()) scene.bare_trees = share_of(c.bare_trees, "bare-trees");
  scene.outline_trees = c.outline_trees;
  const int64_t cores = std::max<int64_t>(1, std::thread::hardware_concurrency());
  const int64_t threads = c.threads.empty() ? cores : number_of(c.threads, "threads", 1, 1024);

  Json recipe = Json::object();
  recipe.set("command", "synth").set("version", data::kSceneVersion).set("seed", int64_t(scene.seed));
  recipe.set("width", scene.width).set("height", scene.height).set("style", style);
  recipe.set("bare_trees", scene.bare_trees).set("outline_trees", scene.outline_trees);
  if (scene.trees < 1) recipe.set("trees", std::stod(c.trees));  // folders from before there was this choice go on
  OutputFolder folder(c.folder, kRecord, recipe);
  const int64_t there = fill({folder, scene, split}, count, threads);
  // Of each split, the most that was ever asked for.
  Json notes = folder.notes();
  const Json* before = notes.find(split);
  if (!before || before->integer() < count) folder.note(notes.set(split, count));
  std::cout << count << ' ' << style << " scenes of " << scene.width << 'x' << scene.height << " in " << quote(c.folder)
            << ", split " << split;
  if (there > 0) std::cout << "; " << there << " were there already";
  std::cout << '\n';
}

}  // namespace segue
