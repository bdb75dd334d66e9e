// `segue translate` and `segue pseudo`, as a user runs them, against forward passes of the library.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <map>

#include "apps/model_classes.h"
#include "apps/records/pseudo_summary.h"
#include "data/data_set.h"
#include "data/image_file.h"
#include "data/resize.h"
#include "models/model_file.h"
#include "runtime/ops.h"
#include "runtime/safetensors.h"
#include "tests/files.h"
#include "tests/scenes.h"

namespace segue {
namespace {

namespace fs = std::filesystem;
using testing::Finished;
using testing::read_bytes;
using testing::ScratchFolder;
using testing::write_bytes;

data::Image noise_image(int64_t height, int64_t width, int64_t seed) {
  data::Image image(height, width, 3);
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (int64_t c = 0; c < 3; ++c)
        image.row(y)[3 * x + c] = uint8_t((x * (5 + seed) + y * 3 + c * 60 + (x * y + seed) % 23 * 4) % 256);
  return image;
}

class Stages : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* build = std::getenv("SEGUE_BINARY_DIR");
    ASSERT_NE(build, nullptr) << "run by ctest, which sets SEGUE_BINARY_DIR";
    program_ = std::string(build) + "/bin/segue";
    for (int64_t i = 0; i < 3; ++i) testing::write_scene(folder_.file("data"), "train", i);
  }
  Finished run(const std::string& arguments, const std::string& before = "") {
    return testing::run_shell(folder_, before + " '" + program_ + "' " + arguments);
  }
  /// Runs what must fail. The last line of standard error, an error, without its head.
  std::string error(const std::string& arguments, int code) {
    const Finished f = run(arguments);
    EXPECT_EQ(f.status, code) << arguments << '\n' << f.err;
    const std::string head = "segue: error: ";
    const size_t at = f.err.rfind(head);
    EXPECT_TRUE(at != std::string::npos && (at == 0 || f.err[at - 1] == '\n')) << f.err;
    if (at == std::string::npos) return f.err;
    return f.err.substr(at + head.size(), f.err.size() - at - head.size() - 1);
  }
  /// Every file below a folder with its bytes.
  std::map<std::string, std::string> content(const std::string& folder) {
    std::map<std::string, std::string> all;
    for (const auto& e : fs::recursive_directory_iterator(folder))
      if (e.is_regular_file()) all[fs::relative(e.path(), folder)] = read_bytes(e.path());
    return all;
  }

  // Translation.

  std::string generator() {
    Context c(Context::Options{.seed = 3, .threads = 1});
    CycleGanGenerator g({.blocks = 2, .filters = 8});
    g.allocate(c, false);
    save_model(folder_.file("g.safetensors"), g, {.blocks = 2, .filters = 8});
    return folder_.file("g.safetensors");
  }
  /// Border mirrored to multiples of 4, at least 8; forward; cut.
  data::Image translated(const data::Image& image) {
    Context c(Context::Options{.threads = 1});
    const OpenGenerator open = open_generator(c, folder_.file("g.safetensors"));
    const auto extent = [](int64_t n) { return std::max<int64_t>(8, n % 4 ? n + 4 - n % 4 : n); };
    const int64_t height = extent(image.height), width = extent(image.width);
    const auto mirror = [](int64_t i, int64_t n) {
      while (n > 1 && (i < 0 || i >= n)) i = i < 0 ? -i : 2 * (n - 1) - i;
      return n == 1 ? 0 : i;
    };
    std::vector<float> x;
    for (int64_t h = 0; h < height; ++h)
      for (int64_t w = 0; w < width; ++w)
        for (int64_t k = 0; k < 3; ++k)
          x.push_back(float(image.row(mirror(h, image.height))[3 * mirror(w, image.width) + k]) / 127.5f - 1);
    const Tensor in = c.empty({1, height, width, 3});
    from_host(in, x);
    const Context::NoGrad no_grad(c);
    const std::vector<float> y = to_host(open.model->forward(c, in));
    data::Image result(image.height, image.width, 3);
    for (int64_t h = 0; h < image.height; ++h)
      for (int64_t i = 0; i < 3 * image.width; ++i)
        result.row(h)[i] = uint8_t(std::lround((double(y[size_t(h * width * 3 + i)]) + 1) * 127.5));
    return result;
  }
  void expect_close(const data::Image& got, const data::Image& want) {
    ASSERT_EQ(got.height, want.height);
    ASSERT_EQ(got.width, want.width);
    int64_t differ = 0;
    for (size_t i = 0; i < got.px.size(); ++i) {
      ASSERT_LE(std::abs(int(got.px[i]) - int(want.px[i])), 1) << i;
      differ += got.px[i] != want.px[i];
    }
    EXPECT_LE(differ, int64_t(got.px.size()) / 50);  // of rounding
  }

  // Pseudo-labels.

  /// A model that is sure of some pixels and not of others.
  std::string segmenter() {
    const SegmenterInfo info = [] {
      SegmenterInfo i;
      i.width = 0.0625;
      describe_classes(i, data::cityscapes_classes());
      return i;
    }();
    Context c(Context::Options{.seed = 11, .threads = 1});
    const std::unique_ptr<Segmenter> m = make_segmenter(info);
    m->allocate(c, false);
    for (Parameter* p : m->parameters())
      if (p->name() == "classifier.classifier.3.weight") {
        std::vector<float> w = to_host(p->value());
        for (float& v : w) v *= 0.25f;
        from_host(p->value(), w);
      }
    save_model(folder_.file("s.safetensors"), *m, info);
    return folder_.file("s.safetensors");
  }
  std::vector<std::string> images() {
    std::vector<std::string> all;
    for (int i = 0; i < 3; ++i)
      all.push_back(
          folder_.file("data/leftImg8bit/train/town/town_00000" + std::to_string(i) + "_000019_leftImg8bit.png"));
    return all;
  }
  static std::string label_name(int i) { return "labels/town_00000" + std::to_string(i) + "_000019.png"; }

  /// (H,W,C) probabilities of logits (C,H,W) that `segue predict` has written.
  std::vector<double> probabilities(const std::string& logits_file, int64_t& height, int64_t& width) {
    const SafeTensors file(logits_file);
    const StoredTensor& t = *file.find("logits");
    const int64_t classes = int64_t(t.shape[0]);
    height = int64_t(t.shape[1]), width = int64_t(t.shape[2]);
    std::vector<float> z(size_t(classes * height * width));
    std::memcpy(z.data(), file.data(t), z.size() * 4);
    std::vector<double> p(z.size());
    for (int64_t i = 0; i < height * width; ++i) {
      double most = -1e30, sum = 0;
      for (int64_t k = 0; k < classes; ++k) most = std::max(most, double(z[size_t(k * height * width + i)]));
      for (int64_t k = 0; k < classes; ++k)
        sum += p[size_t(i * classes + k)] = std::exp(double(z[size_t(k * height * width + i)]) - most);
      for (int64_t k = 0; k < classes; ++k) p[size_t(i * classes + k)] /= sum;
    }
    return p;
  }

  /// What the labels must be: from probabilities of every image, by the definition. Also checks pseudo.json.
  void check_labels(const std::string& out, const std::vector<std::vector<double>>& p,
                    const std::vector<double>& thresholds) {
    constexpr int64_t kClasses = 19;
    const data::LabelTable ids = data::cityscapes_classes().to_file();
    const PseudoSummary summary = parse_pseudo(read_bytes(out + "/pseudo.json"), "pseudo.json");
    ASSERT_EQ(summary.classes.size(), size_t(kClasses));
    EXPECT_EQ(summary.images, 3);
    std::vector<int64_t> predicted(kClasses), kept(kClasses);
    int64_t near = 0, pixels = 0;
    for (int i = 0; i < 3; ++i) {
      const data::Image label = data::read_label(out + "/" + label_name(i));
      ASSERT_EQ(label.px.size() * kClasses, p[size_t(i)].size());
      for (size_t n = 0; n < label.px.size(); ++n, ++pixels) {
        const double* q = &p[size_t(i)][n * kClasses];
        const auto k = size_t(std::max_element(q, q + kClasses) - q);
        const bool keep = q[k] >= thresholds[k];
        ++predicted[k], kept[k] += keep;
        double second = 0;
        for (size_t o = 0; o < size_t(kClasses); ++o)
          if (o != k) second = std::max(second, q[o]);
        if (std::abs(q[k] - thresholds[k]) < 1e-4 || q[k] - second < 1e-4) {
          ++near;  // the last bits decide
          continue;
        }
        ASSERT_EQ(int(label.px[n]), keep ? int(ids[k]) : 0) << "image " << i << " px " << n;
      }
    }
    EXPECT_LT(near, pixels / 50);
    for (size_t k = 0; k < size_t(kClasses); ++k) {
      EXPECT_NEAR(summary.classes[k].threshold, thresholds[k], 1e-6) << k;
      EXPECT_NEAR(double(summary.classes[k].predicted_px), double(predicted[k]), double(near)) << k;
      EXPECT_NEAR(double(summary.classes[k].kept_px), double(kept[k]), double(near)) << k;
    }
  }

  ScratchFolder folder_;
  std::string program_;
};

TEST_F(Stages, TranslateKeepsNamesAndSizesAndEqualsAForwardPass) {
  const std::string g = generator();
  fs::create_directories(folder_.file("in/a/b"));
  const std::map<std::string, data::Image> images = {{"x.png", noise_image(40, 52, 1)},
                                                     {"a/odd.png", noise_image(37, 51, 2)},
                                                     {"a/b/tiny.png", noise_image(3, 1, 3)},
                                                     {"a/b/flat.png", noise_image(5, 66, 4)}};
  for (const auto& [name, image] : images) data::write_png(folder_.file("in/" + name), image.view());
  write_bytes(folder_.file("in/notes.txt"), "no image");
  const Finished f = run("translate '" + g + "' '" + folder_.file("in") + "' -o '" + folder_.file("out") + "'");
  ASSERT_EQ(f.status, 0) << f.err;
  EXPECT_EQ(f.out, "translated 4 images into '" + folder_.file("out") + "'\n");
  EXPECT_EQ(content(folder_.file("out")).size(), 5u);  // and translate.json
  for (const auto& [name, image] : images)
    expect_close(data::read_image(folder_.file("out/" + name)), translated(image));
}

TEST_F(Stages, TranslateGoesOnWhereItWasAndRefusesOtherSettings) {
  const std::string g = generator(), out = folder_.file("out");
  fs::create_directories(folder_.file("in"));
  for (int i = 0; i < 4; ++i)
    data::write_png(folder_.file("in/" + std::to_string(i) + ".png"), noise_image(40, 48, i).view());
  const std::string command = "translate '" + g + "' '" + folder_.file("in") + "' -o '" + out + "' --threads 1";
  ASSERT_EQ(run(command).status, 0);
  const auto whole = content(out);
  fs::remove(out + "/1.png");
  const Finished f = run(command);
  EXPECT_EQ(f.out, "translated 1 image into '" + out + "'; 3 were there\n");
  EXPECT_EQ(content(out), whole);
  EXPECT_NE(error(command + " --size 20x24", 2).find("other settings (height 0, now 20; width 0, now 24)"),
            std::string::npos);
  // Another folder's files are not mixed with.
  fs::create_directories(folder_.file("full"));
  write_bytes(folder_.file("full/x"), "x");
  EXPECT_NE(error("translate '" + g + "' '" + folder_.file("in") + "' -o '" + folder_.file("full") + "'", 2)
                .find("has files but no translate.json"),
            std::string::npos);
  EXPECT_NE(error("translate '" + g + "' '" + folder_.file("in") + "' -o '" + folder_.file("in/out") + "'", 2)
                .find("outside"),
            std::string::npos);
}

TEST_F(Stages, TranslateLeavesBrokenImagesOutAndSaysSo) {
  const std::string g = generator();
  fs::create_directories(folder_.file("in"));
  for (int i = 0; i < 3; ++i)
    data::write_png(folder_.file("in/" + std::to_string(i) + ".png"), noise_image(20, 20, i).view());
  const std::string bytes = read_bytes(folder_.file("in/1.png"));
  write_bytes(folder_.file("in/1.png"), bytes.substr(0, bytes.size() / 2));
  const std::string what =
      error("translate '" + g + "' '" + folder_.file("in") + "' -o '" + folder_.file("out") + "'", 3);
  EXPECT_EQ(what, "1 of 3 images could not be translated; the reasons stand above");
  EXPECT_TRUE(fs::exists(folder_.file("out/0.png")) && fs::exists(folder_.file("out/2.png")));
  EXPECT_FALSE(fs::exists(folder_.file("out/1.png")));
}

TEST_F(Stages, TranslateADataSetWithItsLabels) {
  const std::string g = generator(), out = folder_.file("out");
  const std::string spec = "cityscapes:" + folder_.file("data");
  ASSERT_EQ(run("translate '" + g + "' --data '" + spec + "' --size 36x50 -o '" + out + "'").status, 0);
  const auto set = data::open_data("folder:" + out, data::cityscapes_classes());
  const auto source = data::open_data(spec, data::cityscapes_classes());
  ASSERT_EQ(set->size(), 3);
  for (int64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(set->name(i), source->name(i));
    data::ExampleBuffer a, b;
    const data::Example made = set->read(i, a), from = source->read(i, b);
    expect_close(data::read_image(set->origin(i)), translated(data::resize_antialias(from.image, 36, 50)));
    const data::Image label = data::resize_nearest(from.label, 36, 50);
    ASSERT_EQ(made.label.bytes(), label.view().bytes());
    for (int64_t n = 0; n < made.label.bytes(); ++n)
      ASSERT_EQ((*made.table)[made.label.px[n]], (*from.table)[label.px[size_t(n)]]) << n;
  }
  ASSERT_EQ(run("translate '" + g + "' --data '" + spec + "' --width 50 -o '" + folder_.file("w") + "'").status, 0);
  EXPECT_EQ(data::image_size(folder_.file("w/images/") + source->name(0) + ".png"), (data::ImageSize{36, 50}));
}

TEST_F(Stages, TranslateRefusesInOneLine) {
  const std::string g = generator(), in = folder_.file("data"), out = " -o '" + folder_.file("out") + "'";
  EXPECT_NE(error("translate", 2).find("a weight file or a run"), std::string::npos);
  EXPECT_NE(error("translate '" + g + "'" + out, 2).find("--data SPEC"), std::string::npos);
  EXPECT_NE(error("translate '" + g + "' '" + in + "'", 2).find("-o OUT"), std::string::npos);
  EXPECT_NE(error("translate '" + g + "' '" + in + "' --size 12" + out, 2).find("HxW"), std::string::npos);
  EXPECT_NE(error("translate '" + g + "' '" + in + "' --size 0x12" + out, 2).find("from 1 to"), std::string::npos);
  EXPECT_NE(error("translate '" + g + "' '" + in + "' --size 8x8 --width 8" + out, 2).find("one of them"),
            std::string::npos);
  EXPECT_NE(error("translate '" + segmenter() + "' '" + in + "'" + out, 3).find("generator"), std::string::npos);
  EXPECT_NE(error("translate '" + folder_.file("none") + "' '" + in + "'" + out, 3).find("none"), std::string::npos);
  EXPECT_NE(error("translate '" + g + "' '" + folder_.file("none") + "'" + out, 3).find("no image or folder"),
            std::string::npos);
  EXPECT_NE(error("translate '" + g + "' '" + in + "' --device gpu" + out, 2).find("auto, cpu or cuda"),
            std::string::npos);
  EXPECT_FALSE(fs::exists(folder_.file("out")));
}

TEST_F(Stages, PseudoLabelsAreThoseOfTheLogits) {
  const std::string s = segmenter(), out = folder_.file("labels");
  const Finished f = run("pseudo '" + s + "' --data 'cityscapes:" + folder_.file("data") + "' --threshold 0.6 -o '" +
                         out + "' --threads 1");
  ASSERT_EQ(f.status, 0) << f.err;
  EXPECT_NE(f.out.find("\nroad "), std::string::npos) << f.out;
  EXPECT_NE(f.out.find("\nall "), std::string::npos);
  ASSERT_EQ(run("predict '" + s + "' '" + folder_.file("data/leftImg8bit/train/town") + "' --as logits -o '" +
                folder_.file("logits") + "'")
                .status,
            0);
  std::vector<std::vector<double>> p;
  int64_t height, width;
  for (int i = 0; i < 3; ++i)
    p.push_back(probabilities(folder_.file("logits/town_00000" + std::to_string(i) + "_000019_leftImg8bit.safetensors"),
                              height, width));
  check_labels(out, p, std::vector<double>(19, double(0.6f)));

  // By share: the thresholds that sorted confidences give, down to the border of their bin, and at most 0.6.
  ASSERT_EQ(run("pseudo '" + s + "' --data 'cityscapes:" + folder_.file("data") +
                "' --threshold 0.6 --per-class 0.3 -o '" + folder_.file("share") + "'")
                .status,
            0);
  std::vector<std::vector<double>> by_class(19);
  for (const auto& image : p)
    for (size_t n = 0; n < image.size(); n += 19) {
      const auto k = size_t(std::max_element(&image[n], &image[n] + 19) - &image[n]);
      by_class[k].push_back(image[n + k]);
    }
  std::vector<double> thresholds;
  for (auto& q : by_class) {
    std::sort(q.rbegin(), q.rend());
    const double limit = q.empty() ? 1 : std::floor(q[size_t(std::ceil(0.3 * double(q.size()))) - 1] * 1000) / 1000;
    thresholds.push_back(double(std::min(0.6f, float(limit))));
  }
  check_labels(folder_.file("share"), p, thresholds);
  EXPECT_NE(thresholds, std::vector<double>(19, double(0.6f)));  // it makes a difference
}

TEST_F(Stages, PseudoLabelsAreADataSetOfTheirOwn) {
  const std::string s = segmenter();
  for (const std::string copy : {"", " --copy"}) {
    const std::string out = folder_.file("labels" + copy.substr(0, copy.empty() ? 0 : 2));
    ASSERT_EQ(run("pseudo '" + s + "' --data 'cityscapes:" + folder_.file("data") + "' --threshold 0.3" + copy +
                  " -o '" + out + "'")
                  .status,
              0);
    const auto set = data::open_data("folder:" + out, data::cityscapes_classes());
    ASSERT_EQ(set->size(), 3);
    bool ignored = false, kept = false;
    for (int64_t i = 0; i < 3; ++i) {
      EXPECT_EQ(read_bytes(set->origin(i)), read_bytes(images()[size_t(i)]));
      EXPECT_EQ(fs::is_symlink(set->origin(i)), copy.empty());
      data::ExampleBuffer buffer;
      const data::Example e = set->read(i, buffer);
      for (int64_t n = 0; n < e.label.bytes(); ++n)
        ((*e.table)[e.label.px[n]] == data::kIgnore ? ignored : kept) = true;
    }
    EXPECT_TRUE(ignored && kept);
  }
}

TEST_F(Stages, PseudoAveragesOverScalesAndMirrorImages) {
  const std::string s = segmenter(), out = folder_.file("labels");
  ASSERT_EQ(run("pseudo '" + s + "' --data 'cityscapes:" + folder_.file("data") +
                "' --threshold 0.5 --flip --scales 0.75,1 -o '" + out + "'")
                .status,
            0);
  std::vector<std::vector<double>> p;
  for (const std::string& file : images()) {
    const data::Image image = data::read_image(file);
    Context c(Context::Options{.threads = 1});
    const OpenSegmenter open = open_segmenter(c, s);
    const Context::NoGrad no_grad(c);
    std::vector<double> sum(size_t(image.height * image.width * 19));
    for (const double scale : {0.75, 1.0})
      for (const bool mirror : {false, true}) {
        const data::Image small = data::resize_antialias(image.view(), std::llround(double(image.height) * scale),
                                                         std::llround(double(image.width) * scale));
        std::vector<float> x;
        for (int64_t y = 0; y < small.height; ++y)
          for (int64_t w = 0; w < small.width; ++w)
            for (size_t k = 0; k < 3; ++k)
              x.push_back(
                  (float(small.row(y)[3 * (mirror ? small.width - 1 - w : w) + int64_t(k)]) / 255 - open.info.mean[k]) /
                  open.info.std[k]);
        const Tensor in = c.empty({1, small.height, small.width, 3});
        from_host(in, x);
        Tensor z = open.model->forward_low(c, in).logits;
        if (mirror) z = flip(c, z);
        const std::vector<float> q = to_host(softmax(c, resize_bilinear(c, z, image.height, image.width)));
        for (size_t i = 0; i < q.size(); ++i) sum[i] += double(q[i]) / 4;
      }
    p.push_back(sum);
  }
  check_labels(out, p, std::vector<double>(19, 0.5));
}

TEST_F(Stages, PseudoGoesOnWhereItWas) {
  const std::string s = segmenter();
  // More images than are noted at once.
  for (int64_t i = 0; i < 70; ++i)
    fs::create_directories(folder_.file("many")),
        data::write_png(folder_.file("many/" + std::to_string(100 + i) + ".png"), noise_image(40, 48, i).view());
  const std::string command =
      "pseudo '" + s + "' --data 'folder:" + folder_.file("many") + "' --per-class 0.2 --threads 1 -o '";
  const auto start = std::chrono::steady_clock::now();
  ASSERT_EQ(run(command + folder_.file("whole") + "'").status, 0);
  const double whole_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  int stops = 0;
  for (int life = 0; life < 60; ++life) {
    const std::string after = std::to_string(whole_s * (0.3 + 0.2 * life));  // later each time, so that one ends
    const Finished f =
        run(command + folder_.file("torn") + "'",
            std::string("timeout --foreground --preserve-status -s ") + (life % 2 ? "KILL " : "TERM ") + after);
    if (f.status == 0) break;
    ASSERT_TRUE(f.status == 137 || f.status == 143) << f.status << ' ' << f.err;
    ++stops;
  }
  EXPECT_GE(stops, 1);
  EXPECT_EQ(run(command + folder_.file("torn") + "'").status, 0);
  const auto whole = content(folder_.file("whole")), torn = content(folder_.file("torn"));
  for (const auto& [name, bytes] : torn) EXPECT_TRUE(whole.count(name) && whole.at(name) == bytes) << name;
  EXPECT_EQ(whole.size(), torn.size());
}

// The same command looks again at images that it had to leave out.
TEST_F(Stages, PseudoTakesMendedImages) {
  fs::create_directories(folder_.file("in"));
  for (const char* name : {"in/a.png", "in/b.png"}) data::write_png(folder_.file(name), noise_image(40, 48, 1).view());
  const std::string good = read_bytes(folder_.file("in/b.png"));
  write_bytes(folder_.file("in/b.png"), good.substr(0, 200));
  for (const char* more : {"", " --per-class 0.3"}) {
    const std::string out = folder_.file(std::string("out") + (*more ? "-share" : "")),
                      command = "pseudo '" + segmenter() + "' --data 'folder:" + folder_.file("in") +
                                "' --threads 1 -o '" + out + "'" + more;
    write_bytes(folder_.file("in/b.png"), good.substr(0, 200));
    EXPECT_EQ(run(command).status, 3);
    EXPECT_FALSE(fs::exists(out + "/labels/b.png"));
    write_bytes(folder_.file("in/b.png"), good);
    const Finished f = run(command);
    EXPECT_EQ(f.status, 0) << f.err;
    EXPECT_TRUE(fs::exists(out + "/labels/b.png"));
    const PseudoSummary all = parse_pseudo(read_bytes(out + "/pseudo.json"), "pseudo.json");
    EXPECT_EQ(all.images, 2);
    EXPECT_EQ(all.predicted_px(), 2 * 40 * 48);
    // Notes that point outside of the set.
    std::string recipe = read_bytes(out + "/recipe.json");
    const size_t done = recipe.find("\"done\": 2");
    ASSERT_NE(done, std::string::npos) << recipe;
    write_bytes(out + "/recipe.json", recipe.replace(done, 9, "\"done\": -5"));
    EXPECT_EQ(run(command).status, 3);
  }
}

// A call that is killed in its very first write leaves half a file and no recipe.
TEST_F(Stages, AFolderOfACallThatNeverBeganIsTaken) {
  const pid_t dead = fork();
  if (dead == 0) _exit(0);
  ASSERT_EQ(waitpid(dead, nullptr, 0), dead);
  const std::string out = folder_.file("out"), half = out + "/.segue-" + std::to_string(dead) + "-0.tmp";
  fs::create_directories(out);
  write_bytes(half, "{");
  fs::create_directories(folder_.file("in"));
  data::write_png(folder_.file("in/one.png"), noise_image(40, 48, 1).view());
  const Finished f = run("pseudo '" + segmenter() + "' --data 'folder:" + folder_.path().string() +
                         "/in' --threads 1 -o '" + out + "'");
  EXPECT_EQ(f.status, 0) << f.err;
  EXPECT_FALSE(fs::exists(half));
}

TEST_F(Stages, PseudoRefusesInOneLine) {
  const std::string s = segmenter(), data = " --data 'cityscapes:" + folder_.file("data") + "'";
  const std::string out = " -o '" + folder_.file("out") + "'";
  EXPECT_NE(error("pseudo", 2).find("a weight file or a run"), std::string::npos);
  EXPECT_NE(error("pseudo '" + s + "'" + out, 2).find("--data SPEC"), std::string::npos);
  EXPECT_NE(error("pseudo '" + s + "'" + data, 2).find("-o OUT"), std::string::npos);
  EXPECT_NE(error("pseudo '" + s + "'" + data + out + " --threshold 1.5", 2).find("from 0 to 1"), std::string::npos);
  EXPECT_NE(error("pseudo '" + s + "'" + data + out + " --per-class x", 2).find("from 0 to 1"), std::string::npos);
  EXPECT_NE(error("pseudo '" + s + "'" + data + out + " --scales 1,,2", 2).find("--scales"), std::string::npos);
  EXPECT_NE(error("pseudo '" + generator() + "'" + data + out, 3).find("segmentation model"), std::string::npos);
  EXPECT_NE(error("pseudo '" + s + "' --data folder:/no/where" + out, 3).find("/no/where"), std::string::npos);
  EXPECT_FALSE(fs::exists(folder_.file("out")));
}

}  // namespace
}  // namespace segue
