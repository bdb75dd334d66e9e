// segue data check, stats and pack, as a user runs them, over every fault that a data set can have.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <sstream>

#include "apps/bar_chart.h"
#include "data/image_file.h"
#include "runtime/json.h"
#include "tests/files.h"
#include "tests/png_writer.h"

namespace segue {
namespace {

namespace fs = std::filesystem;
using namespace testing;
using data::Image;

class DataCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    program_ = std::string(std::getenv("SEGUE_BINARY_DIR")) + "/bin/segue";
    ASSERT_TRUE(fs::exists(program_)) << program_;
    layouts_ = std::string(std::getenv("SEGUE_SOURCE_DIR")) + "/tests/data/layouts";
  }
  Finished run(const std::string& arguments) { return run_shell(folder_, "'" + program_ + "' data " + arguments); }
  std::string error(const std::string& arguments, int code) {
    const Finished f = run(arguments);
    EXPECT_EQ(f.status, code) << arguments;
    EXPECT_EQ(f.err.rfind("segue: error: ", 0), 0u) << f.err;
    EXPECT_EQ(std::count(f.err.begin(), f.err.end(), '\n'), 1) << f.err;
    return f.err.substr(14, f.err.size() - 15);
  }
  static std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> all;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) all.push_back(line);
    return all;
  }
  void put(const std::string& name, const Image& image) {
    fs::create_directories(fs::path(folder_.file(name)).parent_path());
    data::write_png(folder_.file(name), image.view());
  }
  /// An image that shows something.
  static Image picture(int64_t height = 4, int64_t width = 6) {
    Image image(height, width, 3);
    for (size_t i = 0; i < image.px.size(); ++i) image.px[i] = uint8_t(37 * i);
    return image;
  }
  static Image label(int64_t height = 4, int64_t width = 6, uint8_t id = 7) {
    Image image(height, width, 1);
    std::fill(image.px.begin(), image.px.end(), id);
    return image;
  }

  ScratchFolder folder_;
  std::string program_, layouts_;
};

TEST_F(DataCommand, CheckFindsNothingInGoodSets) {
  const std::vector<std::pair<std::string, std::string>> sets = {
      {"cityscapes:" + layouts_ + "/cityscapes", "2 examples"},
      {"synthia:" + layouts_ + "/synthia", "2 examples"},
      {"camvid:" + layouts_ + "/camvid", "2 examples"},
      {"camvid:" + layouts_ + "/camvid_segnet", "2 examples"},
      {"folder:" + layouts_ + "/folder", "3 examples"}};
  for (const auto& [spec, count] : sets) {
    const Finished f = run("check '" + spec + "'");
    EXPECT_EQ(f.status, 0) << f.out << f.err;
    EXPECT_EQ(f.out, count + ", 12x8 px, 0 faults\n") << spec;
    EXPECT_EQ(f.err, "");
  }
  EXPECT_EQ(run("check cityscapes:" + layouts_ + "/cityscapes --split val").out, "1 example, 12x8 px, 0 faults\n");
  EXPECT_EQ(run("check --images folder:" + layouts_ + "/camvid").out, "2 examples, 12x8 px, 0 faults\n");
}

TEST_F(DataCommand, CheckListsEveryFault) {
  // One example for each fault; the letters keep their order.
  for (const char c : std::string("abcdefghijkl")) {
    const std::string name(1, c);
    put("s/images/" + name + ".png", c == 'h' ? Image(4, 6, 3) : c == 'i' ? picture(1, 1) : picture());
    put("s/labels/" + name + ".png", c == 'i' ? label(1, 1) : label());
  }
  const std::string s = folder_.file("s");
  const auto image = [&](const std::string& n) { return s + "/images/" + n + ".png"; };
  const auto of_label = [&](const std::string& n) { return s + "/labels/" + n + ".png"; };
  const std::string whole = read_bytes(image("a"));
  write_bytes(image("a"), whole.substr(0, whole.size() / 2));  // cut off
  std::string flipped = whole;
  flipped[whole.size() - 20] = char(flipped[whole.size() - 20] ^ 1);
  write_bytes(image("b"), flipped);  // its checksum is wrong
  fs::remove(of_label("c"));         // no label
  fs::remove(image("d"));            // no image
  put("s/labels/e.png", label(2, 3));
  Image odd = label();
  odd.px[3] = 77, odd.px[4] = 77, odd.px[5] = 200, odd.px[6] = 255;
  put("s/labels/f.png", odd);
  put("s/labels/g.png", label(4, 6, 255));  // nothing but ignored
  // h: one colour; i: 1x1, which is good
  fs::remove(of_label("j"));
  fs::create_directory(of_label("j"));  // a folder in place of a file
  write_bytes(of_label("k"),
              png_file(4, 6, {0, 16, false, false}, [](int64_t, int64_t x, int) { return 26000u + uint32_t(x); }));
  put("s/labels/l.png", picture());             // colours
  put("s/images/wide.png", picture(3, 20000));  // good
  put("s/labels/wide.png", label(3, 20000));
  put("s/images/twice.png", picture());
  write_bytes(s + "/images/twice.jpg", "x");
  put("s/labels/twice.png", label());

  const Finished f = run("check 'folder:" + s + "'");
  EXPECT_EQ(f.status, 3);
  const std::vector<std::string> want = {
      "image '" + image("c") + "' has no label",
      "label '" + of_label("d") + "' has no image",
      "'" + image("twice") + "' has the name of another file; extensions do not count",
      "cannot read '" + image("a") + "': the file is cut off",
      "cannot read '" + image("b") + "': ",
      "label '" + of_label("e") + "' is 3x2, its image 6x4",
      "label '" + of_label("f") + "' holds ids that labels of 'cityscapes' do not have: 77 (2 px), 200 (1 px)",
      "label '" + of_label("g") + "' has no pixel of any class",
      "image '" + image("h") + "' is of one colour: it shows nothing",
      "cannot read '" + of_label("j") + "': expects a plain file; got a folder",
      "cannot read '" + of_label("k") + "': expects label ids of 0 to 255; got 26000; is it a file of instances?",
      "cannot read '" + of_label("l") +
          "': expects a label file with ids (grey, palette, or 16 bits a channel); got a picture in colours",
      "cannot read '" + s + "/images/twice.jpg': expects a PNG or JPEG file; got something else",
      "12 examples, 1x1 to 20000x4 px, 13 faults"};
  const std::vector<std::string> got = lines(f.out);
  ASSERT_EQ(got.size(), want.size()) << f.out;
  for (size_t i = 0; i < want.size(); ++i) EXPECT_EQ(got[i].substr(0, want[i].size()), want[i]);
  EXPECT_EQ(f.err, "segue: error: data 'folder:" + s + "' has 13 faults in 12 examples\n");
}

TEST_F(DataCommand, CheckOfGta5KnowsItsBrokenImages) {
  const Finished f = run("check gta5:" + layouts_ + "/gta5");
  EXPECT_EQ(f.status, 3);
  EXPECT_EQ(f.out,
            "image '" + layouts_ +
                "/gta5/images/15188.png' is known to be broken: it shows nothing, though its label is good; training "
                "leaves it out\nlabel '" +
                layouts_ + "/gta5/labels/00012.png' is 6x4, its image 12x8\n4 examples, 12x8 px, 2 faults\n");
}

TEST_F(DataCommand, CheckOfNothingSaysWhatWasLookedFor) {
  fs::create_directories(folder_.file("s/images"));
  fs::create_directories(folder_.file("s/labels"));
  EXPECT_EQ(error("check folder:" + folder_.file("s"), 3),
            "data 'folder:" + folder_.file("s") + "': found no examples; looked for images (.png, .jpg) in '" +
                folder_.file("s/images") + "' with labels (.png) of the same names in '" + folder_.file("s/labels") +
                "'");
  EXPECT_EQ(error("check gta5:" + folder_.file("none"), 3),
            "data 'gta5:" + folder_.file("none") + "': no folder '" + folder_.file("none/images") + "'");
}

TEST_F(DataCommand, StatsCountsClasses) {
  Image two = label(4, 6, 7);
  for (size_t i = 0; i < 6; ++i) two.px[i] = 26;
  for (size_t i = 6; i < 8; ++i) two.px[i] = 0;
  put("s/images/a.png", picture());
  put("s/labels/a.png", two);
  put("s/images/b.png", picture());
  put("s/labels/b.png", label());
  const std::string json = folder_.file("a.json"), png = folder_.file("a.png");
  const Finished f = run("stats folder:" + folder_.file("s") + " --json '" + json + "' --png '" + png + "'");
  EXPECT_EQ(f.status, 0) << f.err;
  const std::vector<std::string> got = lines(f.out);
  ASSERT_EQ(got.size(), 22u) << f.out;
  EXPECT_EQ(got[1], "road                     40   86.96 %        2  " + std::string(40, '#'));
  EXPECT_EQ(got[14], "car                       6   13.04 %        1  ######");
  EXPECT_EQ(got[20], "(ignored)                 2    4.17 %        1  ##");
  EXPECT_EQ(got[21], "2 images; shares are of labelled pixels, that of (ignored) of all pixels");
  const Json j = Json::parse(read_bytes(json), json);
  EXPECT_EQ(j.integer("images"), 2);
  EXPECT_EQ(j.at("classes").elements().size(), 19u);
  EXPECT_EQ(j.at("classes").elements()[13].text("name"), "car");
  EXPECT_EQ(j.at("classes").elements()[13].integer("px"), 6);
  EXPECT_NEAR(j.at("classes").elements()[0].number("share"), 40 / 46., 1e-12);
  EXPECT_EQ(j.at("ignored").integer("px"), 2);
  // The picture has the colours of the classes that occur, and no others but black, grey and white.
  const Image chart = data::read_image(png);
  std::set<std::array<uint8_t, 3>> colors;
  for (size_t i = 0; i < chart.px.size(); i += 3) colors.insert({chart.px[i], chart.px[i + 1], chart.px[i + 2]});
  const std::set<std::array<uint8_t, 3>> want = {
      {0, 0, 0}, {160, 160, 160}, {255, 255, 255}, {128, 64, 128}, {0, 0, 142}};
  EXPECT_EQ(colors, want);
}

TEST_F(DataCommand, PackWritesWhatCheckAndStatsRead) {
  const std::string pack = folder_.file("a.segpack"), spec = "synthia:" + layouts_ + "/synthia";
  const Finished f = run("pack " + spec + " '" + pack + "'");
  EXPECT_EQ(f.status, 0) << f.err;
  EXPECT_EQ(f.out, pack + ": 2 examples, 12x8 px, 4.9 KiB\n");
  EXPECT_EQ(run("check 'pack:" + pack + "'").out, "2 examples, 12x8 px, 0 faults\n");
  EXPECT_EQ(run("stats 'pack:" + pack + "'").out, run("stats " + spec).out);
  EXPECT_EQ(run("pack " + spec + " '" + pack + "' --size 9x5").out, pack + ": 2 examples, 9x5 px, 4.4 KiB\n");
  EXPECT_EQ(run("pack --images " + spec + " '" + pack + "'").out,
            pack + ": 2 examples without labels, 12x8 px, 4.6 KiB\n");
  EXPECT_EQ(error("stats 'pack:" + pack + "'", 3), "pack '" + pack + "' has no labels; they are needed here");
  std::string bytes = read_bytes(pack);
  bytes[bytes.size() - 70] = char(bytes[bytes.size() - 70] ^ 1);
  write_bytes(pack, bytes);
  const Finished damaged = run("check --images 'pack:" + pack + "'");
  EXPECT_EQ(damaged.status, 3);
  EXPECT_EQ(damaged.out.rfind("pack '" + pack + "' is damaged: example 1 ('0000001')", 0), 0u) << damaged.out;
}

TEST_F(DataCommand, PackNeedsOneSize) {
  put("s/images/a.png", picture());
  put("s/labels/a.png", label());
  put("s/images/b.png", picture(5, 7));
  put("s/labels/b.png", label(5, 7));
  const std::string s = folder_.file("s"), pack = folder_.file("a.segpack");
  EXPECT_EQ(error("pack folder:" + s + " " + pack, 2),
            "images have several sizes: '" + s + "/images/a.png' is 6x4, '" + s +
                "/images/b.png' 7x5; a pack has one: give --size WIDTHxHEIGHT");
  EXPECT_FALSE(fs::exists(pack));
  EXPECT_EQ(run("pack folder:" + s + " " + pack + " --size 8x4").status, 0);
}

TEST_F(DataCommand, UsageIsExplained) {
  EXPECT_EQ(error("", 2), "'segue data' expects check, stats or pack; got nothing; see 'segue help data'");
  EXPECT_EQ(error("chek x", 2),
            "'segue data' expects check, stats or pack; got 'chek'; did you mean 'check'?; see 'segue help data'");
  EXPECT_EQ(error("check", 2),
            "'segue data check' expects a data set, such as cityscapes:PATH; got nothing; see 'segue help "
            "data'");
  EXPECT_EQ(error("check a b", 2), "'segue data check' expects one data set; got also 'b'; see 'segue help data'");
  EXPECT_EQ(error("pack a", 2),
            "'segue data pack' expects a data set and the file to write, such as OUT.segpack; got no "
            "file; see 'segue help data'");
  EXPECT_EQ(error("check a --png x", 2), "'segue data check' takes no --png; see 'segue help data'");
  EXPECT_EQ(error("stats a --images", 2), "'segue data stats' takes no --images; see 'segue help data'");
  EXPECT_EQ(error("pack a b --siz 3x4", 2),
            "unknown option '--siz' for 'segue data'; did you mean '--size'?; see 'segue help data'");
  for (const std::string size : {"3", "0x4", "4x0", "axb", "4x5x6", "-1x5", "3 x"})
    EXPECT_EQ(error("pack gta5:" + layouts_ + "/gta5 " + folder_.file("x") + " --size '" + size + "'", 2),
              "option '--size' expects WIDTHxHEIGHT in px, such as 1024x512; got '" + size + "'");
  EXPECT_EQ(error("check gta5:x --classes none", 2),
            "cannot read class table 'none': No such file or directory; expects 'cityscapes' or a TOML file");
}

TEST(BarChart, TextIsLegible) {
  Image image(9, 64, 3);
  draw_text(image, "Ab%", 1, 1, 1, {255, 0, 0});
  const char* const kWant[] = {".###..####..##...", "#...#.#...#.##..#", "#...#.#...#....#.", "#####.####....#..",
                               "#...#.#...#..#...", "#...#.#...#.#..##", "#...#.####.....##"};
  for (int y = 0; y < 7; ++y)
    for (int x = 0; x < 17; ++x)
      EXPECT_EQ(image.row(y + 1)[3 * (x + 1)], kWant[y][x] == '#' ? 255 : 0) << y << ' ' << x;
  draw_text(image, "AAAAAAAAAAAAAAAAA", -3, -3, 2, {0, 255, 0});  // cut off at every border
  draw_text(image, "AAAAA", 5, 50, 2, {0, 255, 0});
}

}  // namespace
}  // namespace segue
