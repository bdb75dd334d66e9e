// Data sets in their published layouts, mixes of them, and what is said when something is missing or broken.
#include "data/data_set.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <numeric>

#include "data/data_spec.h"
#include "data/gta5_split.h"
#include "data/image_file.h"
#include "tests/files.h"

namespace segue::data {
namespace {

namespace fs = std::filesystem;
using testing::caught;
using testing::ScratchFolder;
using testing::write_bytes;

std::string layouts() { return std::string(std::getenv("SEGUE_SOURCE_DIR")) + "/tests/data/layouts"; }

std::shared_ptr<const DataSet> open(const std::string& spec, const DataOptions& options = {}) {
  return open_data(spec, cityscapes_classes(), options);
}

std::vector<std::string> names(const DataSet& set) {
  std::vector<std::string> all;
  for (int64_t i = 0; i < set.size(); ++i) all.push_back(set.name(i));
  return all;
}

using Ids = std::vector<int>;
using Names = std::vector<std::string>;

/// Example i of the set against the formula of tests/reference/layout_fixtures.py with the number k; `off`: by how much
/// pixels may differ.
void expect_formula(const DataSet& set, int64_t i, int k, const Ids& ids, int off = 0) {
  ExampleBuffer buffer;
  const Example e = set.read(i, buffer);
  ASSERT_EQ(e.image.height, 8);
  ASSERT_EQ(e.image.width, 12);
  ASSERT_EQ(e.image.channels, 3);
  ASSERT_EQ(bool(e.label), !ids.empty());
  ASSERT_EQ(e.table != nullptr, !ids.empty());
  for (int y = 0; y < 8; ++y)
    for (int x = 0; x < 12; ++x) {
      const uint8_t* px = e.image.row(y) + 3 * x;
      EXPECT_NEAR(px[0], 20 * x, off);
      EXPECT_NEAR(px[1], 30 * y, off);
      EXPECT_NEAR(px[2], 50 * k, off);
      if (!ids.empty()) {
        EXPECT_EQ(e.label.row(y)[x], ids[size_t(x + y + k) % ids.size()]);
      }
    }
}

TEST(DataSet, Cityscapes) {
  const Ids ids = {7, 8, 11, 26, 0, 23, 4};
  const auto train = open("cityscapes:" + layouts() + "/cityscapes"),
             val = open("cityscapes:" + layouts() + "/cityscapes?split=val");
  EXPECT_EQ(names(*train), (Names{"aachen_000000_000019", "zurich_000000_000019"}));
  EXPECT_EQ(train->origin(1), layouts() + "/cityscapes/leftImg8bit/train/zurich/zurich_000000_000019_leftImg8bit.png");
  EXPECT_TRUE(train->labelled());
  EXPECT_EQ(train->scheme()->name, "cityscapes");
  expect_formula(*train, 0, 0, ids);
  expect_formula(*train, 1, 1, ids);
  EXPECT_EQ(names(*val), Names{"lindau_000001_000019"});
  expect_formula(*val, 0, 2, ids);
  DataOptions options;
  options.split = "val";
  EXPECT_EQ(names(*open("cityscapes:" + layouts() + "/cityscapes", options)), Names{"lindau_000001_000019"});
  ExampleBuffer buffer;
  EXPECT_EQ(*train->read(0, buffer).table, cityscapes_classes().to_train("cityscapes"));
  EXPECT_EQ(train->warnings(), "");
}

TEST(DataSet, CityscapesIsFoundWhereTheOfficialToolsLookForIt) {
  setenv("CITYSCAPES_DATASET", (layouts() + "/cityscapes").c_str(), 1);
  EXPECT_EQ(open("cityscapes:")->size(), 2);
  EXPECT_EQ(open("cityscapes:?split=val")->size(), 1);
  unsetenv("CITYSCAPES_DATASET");
  EXPECT_EQ(caught([] { open("cityscapes:"); }).what,
            "data 'cityscapes:': the environment variable 'CITYSCAPES_DATASET' is not set");
}

TEST(DataSet, Gta5) {
  const Ids ids = {7, 8, 11, 26, 34, 23};
  const std::string spec = "gta5:" + layouts() + "/gta5";
  const auto all = open(spec);
  EXPECT_EQ(names(*all), (Names{"00001", "00003", "00012", "00022"}));
  expect_formula(*all, 1, 1, ids);
  EXPECT_EQ(all->warnings(), "1 image known to be broken left out");
  ExampleBuffer buffer;
  const Example e = all->read(2, buffer);  // its label is 6x4
  ASSERT_EQ(e.label.height, 8);
  ASSERT_EQ(e.label.width, 12);
  for (int y = 0; y < 8; ++y)
    for (int x = 0; x < 12; ++x) EXPECT_EQ(e.label.row(y)[x], ids[size_t(x / 2 + y / 2 + 2) % ids.size()]);
  EXPECT_EQ((*e.table)[34], 255);
  all->read(2, buffer);  // an epoch later
  EXPECT_EQ(all->warnings(), "1 label resized to its image; 1 image known to be broken left out");
  EXPECT_EQ(names(*open(spec + "?split=train")), (Names{"00001", "00003"}));
  EXPECT_EQ(names(*open(spec + "?split=val")), (Names{"00022"}));
  EXPECT_EQ(names(*open(spec + "?split=test")), (Names{"00012"}));
  EXPECT_EQ(names(*open(spec + "?split=train&broken=keep")), (Names{"00001", "00003", "15188"}));
  EXPECT_EQ(
      caught([&] { open(spec + "?split=vla"); }).what,
      "data '" + spec + "?split=vla': gta5 has the splits train, val, test and all; got 'vla'; did you mean 'val'?");
}

TEST(DataSet, TheSplitOfGta5HasItsPublishedSizes) {
  std::map<std::string, int> count;
  int broken = 0;
  for (int64_t n = -1; n < 30000; ++n) {
    int splits = 0;
    for (const std::string s : {"train", "val", "test"})
      if (in_gta5_split(s, n)) ++count[s], ++splits;
    EXPECT_EQ(splits, n >= 1 && n <= 24966 ? 1 : 0) << n;
    broken += is_broken_gta5(n);
  }
  EXPECT_EQ(count, (std::map<std::string, int>{{"train", 12403}, {"val", 6382}, {"test", 6181}}));
  EXPECT_EQ(broken, 17);
}

TEST(DataSet, SynthiaReadsTheFirstOfItsSixteenBitChannels) {
  const auto set = open("synthia:" + layouts() + "/synthia");
  EXPECT_EQ(names(*set), (Names{"0000000", "0000001"}));
  for (int i = 0; i < 2; ++i) expect_formula(*set, i, i, {3, 4, 2, 8, 0, 22});
  ExampleBuffer buffer;
  EXPECT_EQ(*set->read(0, buffer).table, cityscapes_classes().to_train("synthia"));
  EXPECT_NE(caught([] { open("synthia:" + layouts() + "/synthia?split=val"); }).what.find("synthia has no splits"),
            std::string::npos);
  DataOptions options;
  options.split = "val";  // for kinds that have splits
  EXPECT_EQ(open("synthia:" + layouts() + "/synthia", options)->size(), 2);
}

TEST(DataSet, CamvidInBothLayouts) {
  const Ids ids = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  for (const std::string layout : {"camvid", "camvid_segnet"}) {
    const int off = layout == "camvid" ? 12 : 0;  // JPEG
    const auto train = open("camvid:" + layouts() + "/" + layout),
               val = open("camvid:" + layouts() + "/" + layout + "?split=val");
    EXPECT_EQ(names(*train), (Names{"0001TP_006690", "0001TP_006720"}));
    EXPECT_EQ(names(*val), (Names{"0016E5_07959"}));
    expect_formula(*train, 1, 1, ids, off);
    expect_formula(*val, 0, 2, ids, off);
    EXPECT_EQ(train->scheme()->name, "camvid");
  }
  EXPECT_EQ(caught([] { open("camvid:" + layouts() + "/camvid?split=tain"); }).what,
            "data 'camvid:" + layouts() + "/camvid?split=tain': no folder '" + layouts() +
                "/camvid/tain'; there are 'train', 'val'; did you mean 'train'?");
}

TEST(DataSet, FolderSaysItselfWhatItsLabelsHold) {
  const std::string folder = layouts() + "/folder";
  const auto set = open("folder:" + folder);
  EXPECT_EQ(names(*set), (Names{"a/1", "b/1", "c"}));
  for (int i = 0; i < 3; ++i) expect_formula(*set, i, i, {1, 2, 9});
  ExampleBuffer buffer;
  const LabelTable& table = *set->read(0, buffer).table;
  EXPECT_EQ(table[1], 0);
  EXPECT_EQ(table[2], 13);
  EXPECT_EQ(table[9], 255);
  // The spec overrides the folder's file.
  const auto camvid = open("folder:" + folder + "?scheme=camvid");
  EXPECT_EQ(camvid->scheme()->name, "camvid");
  EXPECT_EQ((*camvid->read(0, buffer).table)[3], 0);
  EXPECT_EQ(
      caught([&] { open("folder:" + folder + "?scheme=camvit"); }).what,
      "class table 'cityscapes' does not say where labels of 'camvit' go; it knows camvid, cityscapes, synthia; did "
      "you mean 'camvid'?");
}

TEST(DataSet, FolderWithSplitsInsideOrAround) {
  const ScratchFolder folder;
  const auto put = [&](const std::string& place, const std::string& name) {
    fs::create_directories(folder.file(place));
    write_png(folder.file(place + "/" + name), Image(3, 4, place.find("images") == std::string::npos ? 1 : 3).view());
  };
  for (const std::string split : {"train", "val"})
    for (const std::string kind : {"images", "labels"}) {
      put("inside/" + split + "/" + kind, split + ".png");
      put("around/" + kind + "/" + split, split + ".png");
    }
  for (const std::string layout : {"inside", "around"}) {
    EXPECT_EQ(names(*open("folder:" + folder.file(layout))), Names{"train"});
    EXPECT_EQ(names(*open("folder:" + folder.file(layout) + "?split=val")), Names{"val"});
    EXPECT_NE(caught([&] { open("folder:" + folder.file(layout) + "?split=test"); }).what.find("no folder"),
              std::string::npos);
  }
  // Without labels plain images will do; hidden names are passed over.
  put("plain/images", "a.png");
  put("plain/images/b", "c.png");
  put("plain/images/.thumbs", "d.png");
  write_bytes(folder.file("plain/images/notes.txt"), "x");
  DataOptions images;
  images.need_labels = false;
  const auto plain = open("folder:" + folder.file("plain/images"), images);
  EXPECT_EQ(names(*plain), (Names{"a", "b/c"}));
  EXPECT_FALSE(plain->labelled());
  EXPECT_EQ(plain->scheme(), nullptr);
  ExampleBuffer buffer;
  EXPECT_FALSE(plain->read(0, buffer).label);
  EXPECT_EQ(names(*open("folder:" + folder.file("plain"), images)), (Names{"a", "b/c"}));
}

TEST(DataSet, OtherClassesFoldTheSameLabels) {
  const ClassTable camvid = load_class_table(std::string(std::getenv("SEGUE_SOURCE_DIR")) + "/configs/camvid11.toml");
  ExampleBuffer buffer;
  const auto gta = open_data("gta5:" + layouts() + "/gta5", camvid);
  const LabelTable& table = *gta->read(0, buffer).table;
  EXPECT_EQ(table[7], 3);   // road
  EXPECT_EQ(table[34], 8);  // license plate: vehicle
  EXPECT_EQ(table[4], 255);
  // Labels that a model of these classes has written, read by itself and by a model of Cityscapes' classes.
  const ScratchFolder folder;
  fs::create_directories(folder.file("images"));
  fs::create_directories(folder.file("labels"));
  write_png(folder.file("images/a.png"), Image(2, 2, 3).view());
  write_png(folder.file("labels/a.png"), Image(2, 2, 1).view());
  write_bytes(folder.file("classes.toml"), class_table_text(camvid));
  const auto own = open_data("folder:" + folder.path().string(), camvid);
  for (uint8_t id = 0; id < 11; ++id) EXPECT_EQ((*own->read(0, buffer).table)[id], id);
  EXPECT_EQ((*own->read(0, buffer).table)[255], 255);
  const auto error = caught([&] { open("folder:" + folder.path().string()); });
  EXPECT_EQ(error.code, 2);
  EXPECT_NE(error.what.find("class table 'cityscapes' has no place for the label 'vehicle'"), std::string::npos)
      << error.what;
}

TEST(DataSet, PartnersThatAreMissingAreLeftOutAndCounted) {
  const ScratchFolder folder;
  fs::create_directories(folder.file("images"));
  fs::create_directories(folder.file("labels"));
  for (const std::string name : {"b", "c", "d", "x"})
    write_png(folder.file("images/" + name + ".png"), Image(2, 2, 3).view());
  write_bytes(folder.file("images/c.jpg"), "");
  for (const std::string name : {"a", "c", "x", "z"})
    write_png(folder.file("labels/" + name + ".png"), Image(2, 2, 1).view());
  const auto set = open("folder:" + folder.path().string());
  EXPECT_EQ(names(*set), (Names{"c", "x"}));
  EXPECT_EQ(set->warnings(),
            "2 images without a label left out; 2 labels without an image left out; 1 file with the name of "
            "another one left out");
}

TEST(DataSet, SetsWithoutExamplesSayWhatWasLookedFor) {
  const ScratchFolder folder;
  const std::string root = folder.path().string();
  EXPECT_EQ(caught([&] { open("folder:" + root); }).what,
            "data 'folder:" + root + "': no folder '" + root + "/images'; labelled images are images/ and labels/");
  fs::create_directories(folder.file("images"));
  EXPECT_EQ(caught([&] { open("folder:" + root); }).what,
            "data 'folder:" + root + "': no folder '" + root + "/labels'");
  fs::create_directories(folder.file("labels"));
  const auto empty = caught([&] { open("folder:" + root); });
  EXPECT_EQ(empty.code, 3);
  EXPECT_EQ(empty.what, "data 'folder:" + root + "': found no examples; looked for images (.png, .jpg) in '" + root +
                            "/images' with labels (.png) of the same names in '" + root + "/labels'");
  write_bytes(folder.file("images/a.png"), "");
  EXPECT_NE(caught([&] {
              open("folder:" + root);
            }).what.find("; there are 1 images without a label, such as '" + root + "/images/a.png'"),
            std::string::npos);
  EXPECT_EQ(caught([&] { open("gta5:" + root + "/none"); }).what,
            "data 'gta5:" + root + "/none': no folder '" + root + "/none/images'");
  EXPECT_EQ(caught([&] { open("cityscapes:" + root); }).what,
            "data 'cityscapes:" + root + "': no folder '" + root + "/leftImg8bit'");
}

TEST(DataSet, ReadingNamesTheBrokenFile) {
  const ScratchFolder folder;
  fs::create_directories(folder.file("images"));
  fs::create_directories(folder.file("labels/d.png"));
  for (const std::string name : {"a", "b", "c", "d"}) {
    write_png(folder.file("images/" + name + ".png"), Image(5, 7, 3).view());
    if (name != "d") write_png(folder.file("labels/" + name + ".png"), Image(5, 7, 1).view());
  }
  const std::string whole = testing::read_bytes(folder.file("images/a.png"));
  write_bytes(folder.file("images/a.png"), whole.substr(0, whole.size() - 20));
  write_bytes(folder.file("labels/b.png"), "");
  write_png(folder.file("labels/c.png"),
            [] {
              Image colored(5, 7, 3);
              colored.px[7] = 1;
              return colored;
            }()
                .view());
  const auto set = open("folder:" + folder.path().string());
  ASSERT_EQ(set->size(), 4);
  const std::vector<std::string> wants = {
      "images/a.png': the file is cut off", "labels/b.png': expects a PNG file with label ids; got an empty file",
      "labels/c.png': expects a label file with ids (grey, palette, or 16 bits a channel); got a picture in colours",
      "labels/d.png': expects a plain file; got a folder"};
  for (int64_t i = 0; i < 4; ++i) {
    ExampleBuffer buffer;
    const auto error = caught([&] { set->read(i, buffer); });
    EXPECT_EQ(error.code, 3);
    EXPECT_EQ(error.what, "cannot read '" + folder.path().string() + "/" + wants[size_t(i)]);
  }
}

TEST(DataSpec, ExpandsVariables) {
  setenv("SEGUE_A", layouts().c_str(), 1);
  setenv("SEGUE_B", "synthia", 1);
  unsetenv("SEGUE_C");
  EXPECT_EQ(open("synthia:$SEGUE_A/synthia")->size(), 2);
  EXPECT_EQ(open("synthia:${SEGUE_A}/${SEGUE_B}")->size(), 2);
  EXPECT_EQ(open(" synthia:$SEGUE_A/$SEGUE_B ")->size(), 2);
  setenv("HOME", layouts().c_str(), 1);
  EXPECT_EQ(open("synthia:~/synthia")->size(), 2);
  const auto unset = caught([] { open("camvid:${SEGUE_C}/x"); });
  EXPECT_EQ(unset.code, 2);
  EXPECT_EQ(unset.what, "data 'camvid:${SEGUE_C}/x': the environment variable 'SEGUE_C' is not set");
  EXPECT_EQ(caught([] { open("camvid:${SEGUE_A"); }).what, "data 'camvid:${SEGUE_A': expects '}' behind '${'");
  EXPECT_EQ(caught([] { open("folder:/a$$b$"); }).what, "data 'folder:/a$$b$': no folder '/a$b$'");
}

TEST(DataSpec, WhatMeansNothingIsAUsageError) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"",
       "data '': expects KIND:PATH with a KIND of folder, camvid, cityscapes, gta5, synthia, pack; images in a folder "
       "are "
       "'folder:'"},
      {"/data/x",
       "data '/data/x': expects KIND:PATH with a KIND of folder, camvid, cityscapes, gta5, synthia, pack; images "
       "in a folder are 'folder:/data/x'"},
      {"gta:x",
       "data 'gta:x': unknown kind 'gta'; did you mean 'gta5'?; known are folder, camvid, cityscapes, gta5, synthia, "
       "pack"},
      {"gta5:", "data 'gta5:': expects a path behind 'gta5:'"},
      {"gta5:x?splt=val",
       "data 'gta5:x?splt=val': unknown option 'splt'; did you mean 'split'?; known are split, scheme, broken"},
      {"gta5:x?split", "data 'gta5:x?split': expects split=VALUE; got 'split'"},
      {"gta5:x?split=", "data 'gta5:x?split=': expects split=VALUE; got 'split='"},
      {"gta5:x?split=../..", "data 'gta5:x?split=../..': expects a name for split; got '../..'"},
      {"gta5:x?broken=no", "data 'gta5:x?broken=no': expects broken=keep; got 'no'"},
      {"gta5:x?scheme=camvid",
       "data 'gta5:x?scheme=camvid': only folder: takes a scheme; gta5 says itself what its labels hold"},
      {"0.5*gta5:x", "data '0.5*gta5:x': expects one data set, KIND:PATH; mixes and shares are for training"},
      {"gta5:x + folder:y",
       "data 'gta5:x + folder:y': expects one data set, KIND:PATH; mixes and shares are for training"},
      {"pack:x?split=val", "data 'pack:x?split=val': a pack takes no options; got 'split'"}};
  for (const auto& [spec, want] : wrong) {
    const auto error = caught([&, s = spec] { open(s); });
    EXPECT_EQ(error.code, 2) << spec;
    EXPECT_EQ(error.what, want);
  }
}

TEST(DataSet, LabelsWithIdsThatNobodyKnowsAreCountedOnce) {
  const ScratchFolder folder;
  for (const char* name : {"a", "b"}) {
    data::Image label(2, 2, 1), image(2, 2, 3);
    label.px = {7, 255, uint8_t(*name == 'b' ? 77 : 8), 34};
    for (const char* kind : {"images", "labels"})
      std::filesystem::create_directories(folder.file(std::string("f/") + kind));
    data::write_png(folder.file(std::string("f/images/") + name + ".png"), image.view());
    data::write_png(folder.file(std::string("f/labels/") + name + ".png"), label.view());
  }
  const auto set = open("folder:" + folder.file("f"));
  data::ExampleBuffer buffer;
  for (int64_t i : {0, 1, 1}) set->read_label(i, buffer);
  EXPECT_EQ(set->warnings(),
            "1 label with ids that labels of 'cityscapes' do not have, ignored; 'segue data check' lists them");
}

TEST(DataSpec, OneSplitIsChosen) {
  EXPECT_EQ(data::choose_split("gta5:x", "", "val"), "val");
  EXPECT_EQ(data::choose_split("gta5:x", "train", "val"), "train");
  EXPECT_EQ(data::choose_split("gta5:x?split=train", "", "val"), "train");
  EXPECT_EQ(data::choose_split("gta5:x?split=train", "train", "val"), "train");
  const auto error = caught([] { data::choose_split("gta5:x?split=train", "val", "val"); });
  EXPECT_EQ(error.code, 2);
  EXPECT_EQ(error.what, "data 'gta5:x?split=train' names the split 'train', --split 'val': expects one of them");
  EXPECT_EQ(data::choose_split("pack:x", "", "val"), "val");
  EXPECT_EQ(caught([] { data::choose_split("pack:x", "val", ""); }).what,
            "data 'pack:x': pack has no splits; leave --split val out");
  EXPECT_EQ(caught([] { data::choose_split("synthia:x", "val", ""); }).code, 2);
}

TEST(DataMix, APlusInAPathAndAMistypedKind) {
  const auto specs = [](const std::string& text) {
    std::vector<std::string> all;
    for (const data::MixPart& p : data::parse_data_mix(text)) all.push_back(p.spec);
    return all;
  };
  using List = std::vector<std::string>;
  EXPECT_EQ(specs("folder:/a+b/c + gta5:d"), (List{"folder:/a+b/c", "gta5:d"}));
  EXPECT_EQ(specs("folder:/a + b:c/d"), (List{"folder:/a + b:c/d"}));
  EXPECT_EQ(specs("folder:/a + citscapes:d"), (List{"folder:/a", "citscapes:d"}));
  EXPECT_EQ(specs("0.5*folder:/a + 0.5*other:d"), (List{"folder:/a", "other:d"}));
}

TEST(DataMix, SharesAddUpToOne) {
  const ClassTable& c = cityscapes_classes();
  const std::string gta = "gta5:" + layouts() + "/gta5", folder = "folder:" + layouts() + "/folder",
                    synthia = "synthia:" + layouts() + "/synthia";  // 4, 3, 2 examples
  const auto shares = [&](const std::string& spec) {
    std::vector<double> all;
    for (const DataShare& s : open_mix(spec, c)) all.push_back(s.share);
    EXPECT_NEAR(std::accumulate(all.begin(), all.end(), 0.0), 1, 1e-12) << spec;
    return all;
  };
  const auto expect_shares = [&](const std::string& spec, const std::vector<double>& want) {
    const std::vector<double> got = shares(spec);
    ASSERT_EQ(got.size(), want.size()) << spec;
    for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-12) << spec;
  };
  expect_shares(gta, {1});
  expect_shares("0.25*" + gta, {1});
  expect_shares("0.7*" + gta + " + 0.3*" + folder, {0.7, 0.3});
  expect_shares("2 * " + gta + "+1*" + folder + "+ 1*" + synthia, {0.5, 0.25, 0.25});
  expect_shares(gta + " + " + folder + " + " + synthia, {4 / 9., 3 / 9., 2 / 9.});
  expect_shares("0.5*" + gta + " + " + folder + " + " + synthia, {0.5, 0.3, 0.2});
  EXPECT_EQ(open_mix(gta + " + " + folder, c)[1].set->size(), 3);
  for (const std::string& spec : {"1*" + gta + " + " + folder, "0*" + gta + " + " + folder, "-1*" + gta, "nan*" + gta})
    EXPECT_EQ(caught([&] { open_mix(spec, c); }).code, 2) << spec;
  // A plus that no kind follows belongs to the path.
  EXPECT_EQ(caught([&] { open_mix("folder:/a+b + " + gta, c); }).what, "data 'folder:/a+b': no folder '/a+b'");
}

TEST(DataSet, CamvidAsItComes) {
  if (!std::getenv("SEGUE_TEST_CAMVID")) GTEST_SKIP() << "SEGUE_TEST_CAMVID does not name a folder with CamVid";
  std::map<std::string, int64_t> want = {{"train", 367}, {"val", 101}};
  for (const auto& [split, count] : want) {
    const auto set = open("camvid:$SEGUE_TEST_CAMVID?split=" + split);
    EXPECT_EQ(set->size(), count);
    EXPECT_EQ(set->warnings(), "");
    ExampleBuffer buffer;
    std::array<int64_t, 256> seen{};
    for (int64_t i = 0; i < set->size(); ++i) {
      const Example e = set->read(i, buffer);
      EXPECT_EQ(e.image.height, 240);
      EXPECT_EQ(e.image.width, 320);
      for (int64_t p = 0; p < e.label.bytes(); ++p) ++seen[e.label.px[p]];
    }
    EXPECT_EQ(std::accumulate(seen.begin(), seen.begin() + 12, int64_t(0)), count * 240 * 320);
    const double labelled = double(std::accumulate(seen.begin(), seen.begin() + 11, int64_t(0)));
    EXPECT_NEAR(double(seen[3]) / labelled, split == "train" ? 0.330 : 0.295, 0.0006);   // road
    EXPECT_NEAR(double(seen[10]) / labelled, split == "train" ? 0.003 : 0.023, 0.0006);  // bicyclists
  }
}

}  // namespace
}  // namespace segue::data
