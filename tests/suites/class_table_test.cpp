// Class tables: the published numbers, tables as TOML, and every way in which such a file can be wrong.
#include "data/class_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "tests/files.h"

namespace segue::data {
namespace {

using testing::caught;
using testing::ScratchFolder;
using testing::write_bytes;

// Written out again from the papers' tables, so that the product's own is compared with something.
const std::vector<int> kTrained = {7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33};
const std::vector<std::string> kNames = {
    "road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign", "vegetation", "terrain",
    "sky",  "person",   "rider",    "car",  "truck", "bus",  "train",         "motorcycle",   "bicycle"};

TEST(ClassTable, CityscapesFollowsThePublishedTable) {
  const ClassTable& t = cityscapes_classes();
  ASSERT_EQ(t.size(), 19);
  for (int id = 0; id < 256; ++id) {
    const auto at = std::find(kTrained.begin(), kTrained.end(), id);
    EXPECT_EQ(t.to_train("cityscapes")[size_t(id)], at == kTrained.end() ? 255 : int(at - kTrained.begin())) << id;
  }
  for (size_t k = 0; k < 19; ++k) {
    EXPECT_EQ(t.classes[k].name, kNames[k]);
    EXPECT_EQ(t.scheme("cityscapes")->label(uint8_t(kTrained[k])), kNames[k]);
  }
  EXPECT_EQ(t.scheme("cityscapes")->label(34), "license plate");
  EXPECT_EQ(t.scheme("cityscapes")->label(35), "");
}

TEST(ClassTable, FileIdsInvertTrainIdsAndStayInTheTable) {
  const LabelTable to_file = cityscapes_classes().to_file();
  for (size_t k = 0; k < 256; ++k) EXPECT_EQ(to_file[k], k < 19 ? kTrained[k] : 0) << "train id " << k;
  // A class with the id 0: what is no class must not become one.
  const ClassTable t = parse_class_table("[[class]]\nname = 'a'\n[[class]]\nname = 'b'\n", "x.toml");
  EXPECT_EQ(t.to_file()[0], 0);
  EXPECT_EQ(t.to_file()[1], 1);
  for (size_t k = 2; k < 256; ++k) EXPECT_EQ(t.to_file()[k], 255);
}

TEST(ClassTable, ColorsTellClassesApart) {
  const ClassTable& t = cityscapes_classes();
  std::set<std::array<uint8_t, 3>> colors;
  for (size_t k = 0; k < 19; ++k) colors.insert(t.color(uint8_t(k)));
  EXPECT_EQ(colors.size(), 19u);
  using Rgb = std::array<uint8_t, 3>;
  EXPECT_EQ(t.color(0), (Rgb{128, 64, 128}));
  EXPECT_EQ(t.color(13), (Rgb{0, 0, 142}));
  EXPECT_EQ(t.color(18), (Rgb{119, 11, 32}));
  EXPECT_EQ(t.color(19), (Rgb{0, 0, 0}));
  EXPECT_EQ(t.color(255), (Rgb{0, 0, 0}));
}

TEST(ClassTable, SynthiaAndCamvidFallIntoCityscapes) {
  const std::vector<int> synthia = {-1, 10, 2, 0, 1, 4, 8, 5, 13, 7, 11, 18, 17, -1, -1, 6, 9, 12, 14, 15, 16, 3, -1};
  const std::vector<int> camvid = {10, 2, 5, 0, 1, 8, 7, 4, 13, 11, 12, -1};
  const ClassTable& t = cityscapes_classes();
  for (size_t id = 0; id < 256; ++id) {
    EXPECT_EQ(t.to_train("synthia")[id], id < synthia.size() && synthia[id] >= 0 ? synthia[id] : 255) << id;
    EXPECT_EQ(t.to_train("camvid")[id], id < camvid.size() && camvid[id] >= 0 ? camvid[id] : 255) << id;
  }
  const auto error = caught([&] { t.to_train("synthai"); });
  EXPECT_EQ(error.code, 2);
  EXPECT_EQ(error.what,
            "class table 'cityscapes' does not say where labels of 'synthai' go; it knows camvid, cityscapes, "
            "synthia; did you mean 'synthia'?");
}

const char* const kTable = R"(
name = "tiny"
[[class]]
name = "flat"
id = 3
color = [1, 2, 3]
cityscapes = ["road", "sidewalk", 9]
mine = [200]
[[class]]
name = "rest"
mine = ["b"]
[scheme.mine]
7 = "b"
200 = "a"
)";

TEST(ClassTable, TomlSaysWhereLabelsGo) {
  const ClassTable t = parse_class_table(kTable, "x.toml");
  EXPECT_EQ(t.name, "tiny");
  ASSERT_EQ(t.size(), 2);
  EXPECT_EQ(t.classes[0].id, 3);
  EXPECT_EQ(t.classes[1].id, 1);
  EXPECT_EQ(t.color(0), (std::array<uint8_t, 3>{1, 2, 3}));
  std::map<std::string, std::map<int, int>> want = {
      {"cityscapes", {{7, 0}, {8, 0}, {9, 0}}}, {"mine", {{200, 0}, {7, 1}}}, {"tiny", {{3, 0}, {1, 1}}}};
  ASSERT_EQ(t.schemes.size(), want.size());
  for (auto& [scheme, ids] : want)
    for (int id = 0; id < 256; ++id)
      EXPECT_EQ(t.to_train(scheme)[size_t(id)], ids.count(id) ? ids[id] : 255) << scheme << " " << id;
}

void expect_same(const ClassTable& a, const ClassTable& b) {
  EXPECT_EQ(a.name, b.name);
  ASSERT_EQ(a.size(), b.size());
  for (size_t k = 0; k < a.classes.size(); ++k) {
    EXPECT_EQ(a.classes[k].name, b.classes[k].name);
    EXPECT_EQ(a.classes[k].id, b.classes[k].id);
    EXPECT_EQ(a.classes[k].rgb, b.classes[k].rgb);
  }
  EXPECT_EQ(a.schemes, b.schemes);
  ASSERT_EQ(a.own_schemes.size(), b.own_schemes.size());
  for (size_t i = 0; i < a.own_schemes.size(); ++i) {
    EXPECT_EQ(a.own_schemes[i].name, b.own_schemes[i].name);
    EXPECT_EQ(a.own_schemes[i].labels, b.own_schemes[i].labels);
  }
}

TEST(ClassTable, TextReadsBackAsTheSameTable) {
  for (const ClassTable& t : {cityscapes_classes(), parse_class_table(kTable, "x.toml"),
                              parse_class_table("[[class]]\nname = '\"q\" \xc3\xbc'\n", "dir/a b.toml")})
    expect_same(t, parse_class_table(class_table_text(t), "y.toml"));
}

TEST(ClassTable, TheTableForCamvidPlacesEveryLabelThatIsScored) {
  const ClassTable t = load_class_table(std::string(std::getenv("SEGUE_SOURCE_DIR")) + "/configs/camvid11.toml");
  ASSERT_EQ(t.size(), 11);
  for (size_t id = 0; id < 11; ++id) EXPECT_EQ(t.to_train("camvid")[id], id);
  EXPECT_EQ(t.to_train("camvid")[11], 255);
  // Every label that Cityscapes trains on has a class, and SYNTHIA's go where their namesakes of Cityscapes go.
  for (const int id : kTrained) EXPECT_LT(t.to_train("cityscapes")[size_t(id)], 11) << id;
  const LabelTable& through = cityscapes_classes().to_train("synthia");
  for (size_t id = 0; id < 256; ++id) {
    if (through[id] == 255) continue;
    EXPECT_EQ(t.to_train("synthia")[id], t.to_train("cityscapes")[size_t(kTrained[through[id]])]) << id;
  }
}

TEST(ClassTable, EveryFaultOfAFileIsNamedWithItsLine) {
  const std::string a = "[[class]]\nname = 'a'\n", b = "[[class]]\nname = 'b'\n";
  const std::vector<std::pair<std::string, std::string>> faults = {
      {"", "x.toml:1: expects [[class]] tables; got none"},
      {"class = 3", "x.toml:1: expects [[class]] tables for 'class'; got the integer 3"},
      {"class = []", "x.toml:1: expects 1 to 255 classes; got 0"},
      {"class = [1]", "x.toml:1: expects [[class]] tables; got the integer 1"},
      {"clas = 3", "x.toml:1: unknown key 'clas'; did you mean 'class'?; known are name, class, scheme"},
      {"name = 1", "x.toml:1: expects a text for 'name'; got the integer 1"},
      {"name = ''", "x.toml:1: expects a name of 1 to 64 bytes; got ''"},
      {"[[class]]\nid = 1", "x.toml:1: expects a name for the class; got none"},
      {a + "id = 255", "x.toml:3: expects an id of 0 to 254; got the integer 255"},
      {a + "id = 'x'", "x.toml:3: expects an id of 0 to 254; got the text 'x'"},
      {a + "color = 'red'", "x.toml:3: expects a colour [red, green, blue] for 'color'; got the text 'red'"},
      {a + "color = [1, 2]", "x.toml:3: expects a colour [red, green, blue]; got 2 values"},
      {a + "color = [1, 2, 256]", "x.toml:3: expects a channel of 0 to 255; got the integer 256"},
      {a + a, "x.toml:3: two classes are called 'a'"},
      {a + "id = 1\n" + b, "x.toml:4: class 'b' has the id 1 of another class"},
      {a + "cityscape = ['road']",
       "x.toml:3: unknown key 'cityscape'; did you mean 'cityscapes'?; known are name, id, "
       "color, cityscapes, synthia, camvid"},
      {a + "cityscapes = 'road'", "x.toml:3: expects a list of labels for 'cityscapes'; got the text 'road'"},
      {a + "cityscapes = ['raod']", "x.toml:3: labels of 'cityscapes' have no 'raod'; did you mean 'road'?"},
      {a + "cityscapes = [99]", "x.toml:3: labels of 'cityscapes' have no id 99"},
      {a + "cityscapes = [1.5]", "x.toml:3: expects labels of 'cityscapes' by name or id; got the number 1.5"},
      {a + "cityscapes = ['road']\n" + b + "cityscapes = [7]",
       "x.toml:6: label the integer 7 of 'cityscapes' goes to 'a' and to 'b'"},
      {a + "[scheme]\nsynthia = {1 = 'x'}",
       "x.toml:4: expects another name for a scheme; 'synthia' has a meaning already"},
      {a + "[scheme.s]\nx = 'x'", "x.toml:4: expects ID = \"NAME\" with an id of 0 to 254; got 'x'"},
      {a + "[scheme.s]\n255 = 'x'", "x.toml:4: expects ID = \"NAME\" with an id of 0 to 254; got '255'"},
      {a + "[scheme.s]\n1 = 'x'\n01 = 'y'", "x.toml:5: id 1 stands here twice"},
      {a + "[scheme.s]\n1 = 2", "x.toml:4: expects a text for '1'; got the integer 2"},
      {a + "[scheme.s]", "x.toml:3: expects labels, ID = \"NAME\"; got none"},
      {a + "[scheme.s]\n1 = 'x'", "x.toml:1: no class takes a label of the scheme 's'"},
      {a + "x", "x.toml:3: not valid TOML: "},
      {a + "\xc3\xbc = 1", "x.toml:3: not valid TOML: "}};
  for (const auto& [text, want] : faults) {
    const auto error = caught([&, t = text] { parse_class_table(t, "x.toml"); });
    EXPECT_EQ(error.code, 2) << text;
    EXPECT_EQ(error.what.substr(0, want.size()), want) << text;
    EXPECT_EQ(error.what.find('\n'), std::string::npos);
  }
}

TEST(ClassTable, FilesThatCannotBeRead) {
  const ScratchFolder folder;
  EXPECT_EQ(caught([&] { load_class_table(folder.file("none")); }).what,
            "cannot read class table '" + folder.file("none") +
                "': No such file or directory; expects 'cityscapes' or a TOML file");
  EXPECT_EQ(caught([&] { load_class_table(folder.path()); }).what,
            "cannot read class table '" + folder.path().string() +
                "': expects a plain file; expects 'cityscapes' or a TOML file");
  write_bytes(folder.file("big.toml"), std::string((1 << 20) + 5, '#'));
  EXPECT_NE(caught([&] { load_class_table(folder.file("big.toml")); }).what.find("at most 1048576 bytes"),
            std::string::npos);
  write_bytes(folder.file("a.toml"), "[[class]]\nname = 'x'\n");
  EXPECT_EQ(load_class_table(folder.file("a.toml")).name, "a");
}

TEST(LabelScheme, ComesFromANameOrAListOrAClassTable) {
  const ClassTable& t = cityscapes_classes();
  EXPECT_EQ(parse_label_scheme("scheme = 'synthia'", "classes.toml", t).name, "synthia");
  const LabelScheme listed = parse_label_scheme("[labels]\n4 = 'road'\n2 = 'void'\n", "classes.toml", t);
  EXPECT_EQ(listed.labels, (std::vector<std::pair<uint8_t, std::string>>{{2, "void"}, {4, "road"}}));
  const LabelScheme classes =
      parse_label_scheme("name = 'x'\n[[class]]\nname = 'road'\nid = 9\ncityscapes = ['road']\n", "classes.toml", t);
  EXPECT_EQ(classes.labels, (std::vector<std::pair<uint8_t, std::string>>{{0, "void"}, {9, "road"}}));

  EXPECT_EQ(caught([&] { parse_label_scheme("scheme = 'gta'", "c.toml", t); }).what,
            "c.toml:1: unknown scheme 'gta'; a class table can define it");
  EXPECT_EQ(caught([&] { parse_label_scheme("", "c.toml", t); }).what,
            "c.toml:1: expects one of scheme = \"NAME\", [labels] or [[class]]; got 0");
  EXPECT_EQ(caught([&] { parse_label_scheme("label = 1", "c.toml", t); }).what,
            "c.toml:1: unknown key 'label'; did you mean 'labels'?; known are scheme, labels, class, name");
}

TEST(LabelScheme, LabelsArePlacedByName) {
  const ClassTable t = parse_class_table(kTable, "x.toml");
  const LabelTable placed = place_labels(t, {"some", {{1, "flat"}, {2, "sidewalk"}, {3, "void"}, {4, "a"}}});
  EXPECT_EQ(placed[1], 0);  // a class
  EXPECT_EQ(placed[2], 0);  // a label of Cityscapes
  EXPECT_EQ(placed[3], 255);
  EXPECT_EQ(placed[4], 0);  // a label of the table's own scheme
  EXPECT_EQ(placed[0], 255);
  EXPECT_EQ(caught([&] {
              place_labels(t, {"some", {{5, "moon"}}});
            }).what,
            "some: class table 'tiny' has no place for the label 'moon' (id 5); add it to a class, or call it 'void'");
  EXPECT_EQ(place_labels(t, *t.scheme("cityscapes")), t.to_train("cityscapes"));
  // A scheme that bears the name of a known one and says something else is taken at its word.
  EXPECT_EQ(place_labels(t, {"mine", {{9, "b"}}})[9], 1);
}

}  // namespace
}  // namespace segue::data
