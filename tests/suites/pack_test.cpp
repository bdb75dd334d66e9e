// Packs: what is packed comes back, at another size too, and every damage is found.
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <thread>

#include "data/image_file.h"
#include "data/pack_file.h"
#include "data/resize.h"
#include "runtime/crc32c.h"
#include "tests/files.h"

namespace segue::data {
namespace {

namespace fs = std::filesystem;
using testing::caught;
using testing::read_bytes;
using testing::ScratchFolder;
using testing::write_bytes;

std::shared_ptr<const DataSet> layout(const std::string& kind) {
  return open_data(kind + ":" + std::getenv("SEGUE_SOURCE_DIR") + "/tests/data/layouts/" + kind, cityscapes_classes());
}

bool same(const ImageView& a, const ImageView& b) {
  return a.height == b.height && a.width == b.width && a.channels == b.channels &&
         std::memcmp(a.px, b.px, size_t(a.bytes())) == 0;
}

TEST(Pack, HoldsWhatWasPacked) {
  const ScratchFolder folder;
  for (const std::string kind : {"cityscapes", "gta5", "synthia", "camvid", "folder"}) {
    const auto set = layout(kind);
    const std::string path = folder.file(kind + ".segpack");
    int64_t calls = 0;
    write_pack(*set, {8, 12}, path, [&](int64_t done, int64_t all) {
      EXPECT_EQ(done, ++calls);
      EXPECT_EQ(all, set->size());
    });
    EXPECT_EQ(calls, set->size());
    const auto pack = open_data("pack:" + path, cityscapes_classes());
    ASSERT_EQ(pack->size(), set->size());
    EXPECT_TRUE(pack->labelled());
    EXPECT_EQ(pack->scheme()->labels, set->scheme()->labels);
    for (int64_t i = 0; i < set->size(); ++i) {
      ExampleBuffer a, b;
      const Example want = set->read(i, a), got = pack->read(i, b);
      EXPECT_EQ(pack->name(i), set->name(i));
      EXPECT_EQ(pack->origin(i), path + ":" + set->name(i));
      EXPECT_TRUE(same(got.image, want.image)) << kind << ' ' << i;
      EXPECT_TRUE(same(got.label, want.label)) << kind << ' ' << i;
      EXPECT_EQ(*got.table, *want.table);
      EXPECT_TRUE(b.image.empty() && b.label.empty());  // nothing is copied
    }
  }
  EXPECT_EQ(folder.names().size(), 5u);
}

TEST(Pack, ResizesImagesAndLabels) {
  const ScratchFolder folder;
  const auto set = layout("gta5");
  const std::string path = folder.file("a");
  write_pack(*set, {5, 7}, path);
  const auto pack = open_pack(path, cityscapes_classes());
  for (int64_t i = 0; i < set->size(); ++i) {
    ExampleBuffer a, b;
    const Example from = set->read(i, a), got = pack->read(i, b);
    EXPECT_TRUE(same(got.image, resize_antialias(from.image, 5, 7).view()));
    EXPECT_TRUE(same(got.label, resize_nearest(from.label, 5, 7).view()));
  }
  write_pack(*pack, {5, 7}, folder.file("b"));  // a pack of a pack
  EXPECT_EQ(read_bytes(path), read_bytes(folder.file("b")));
}

TEST(Pack, LabelsFoldIntoOtherClassesAndMayBeLeftOut) {
  const ScratchFolder folder;
  const std::string path = folder.file("a"), images = folder.file("b");
  write_pack(*layout("folder"), {8, 12}, path);  // a scheme of its own: 1 road, 2 car, 9 void
  const ClassTable two = parse_class_table("[[class]]\nname = 'car'\n[[class]]\nname = 'road'\n", "x.toml");
  ExampleBuffer buffer;
  const LabelTable table = *open_pack(path, two)->read(0, buffer).table;
  EXPECT_EQ(table[1], 1);
  EXPECT_EQ(table[2], 0);
  EXPECT_EQ(table[9], 255);
  DataOptions alone;
  alone.need_labels = false;
  const auto unlabelled = open_pack(path, two, alone);
  EXPECT_FALSE(unlabelled->labelled());
  EXPECT_FALSE(unlabelled->read(0, buffer).label);
  write_pack(*unlabelled, {8, 12}, images);
  EXPECT_EQ(open_pack(images, two, alone)->size(), 3);
  EXPECT_EQ(caught([&] { open_pack(images, two); }).what, "pack '" + images + "' has no labels; they are needed here");
}

TEST(Pack, ABrokenExampleLeavesNothingBehind) {
  const ScratchFolder folder;
  fs::create_directories(folder.file("in/images"));
  fs::create_directories(folder.file("in/labels"));
  for (const std::string name : {"a", "b"}) {
    write_png(folder.file("in/images/" + name + ".png"), Image(4, 4, 3).view());
    write_png(folder.file("in/labels/" + name + ".png"), Image(4, 4, 1).view());
  }
  write_bytes(folder.file("in/images/b.png"), "x");
  const auto set = open_data("folder:" + folder.file("in"), cityscapes_classes());
  const auto error = caught([&] { write_pack(*set, {4, 4}, folder.file("a.segpack")); });
  EXPECT_EQ(error.code, 3);
  EXPECT_NE(error.what.find("in/images/b.png'"), std::string::npos);
  EXPECT_EQ(folder.names(), std::vector<std::string>{"in"});
}

class Damaged : public ::testing::Test {
 protected:
  Damaged() : path_(folder_.file("a.segpack")) {
    write_pack(*layout("camvid"), {8, 12}, path_);
    bytes_ = read_bytes(path_);
  }
  /// The message for these bytes: of opening, or of reading all examples.
  std::string message(const std::string& bytes) {
    write_bytes(path_, bytes);
    const auto error = caught([&] {
      const auto pack = open_pack(path_, cityscapes_classes());
      ExampleBuffer buffer;
      for (int64_t i = 0; i < pack->size(); ++i) pack->read(i, buffer);
    });
    EXPECT_EQ(error.code, error.what.empty() ? 0 : 3);
    const std::string begin = "pack '" + path_ + "' is damaged: ";
    return error.what.rfind(begin, 0) == 0 ? error.what.substr(begin.size()) : error.what;
  }
  /// With the head's checksum made right.
  std::string sealed(std::string bytes) {
    const uint32_t crc = crc32c(bytes.data(), 60);
    std::memcpy(bytes.data() + 60, &crc, 4);
    return bytes;
  }
  ScratchFolder folder_;
  std::string path_, bytes_;
};

TEST_F(Damaged, IsNoticed) {
  EXPECT_EQ(message(bytes_), "");
  EXPECT_EQ(message(""), "cannot read '" + path_ + "': expects a pack of 'segue data pack'; got something else");
  EXPECT_EQ(message(std::string(100, 'x')),
            "cannot read '" + path_ + "': expects a pack of 'segue data pack'; got something else");
  EXPECT_EQ(message(bytes_.substr(0, bytes_.size() - 1)),
            cat("expects ", bytes_.size(), " bytes for 2 examples; got ", bytes_.size() - 1,
                ": it is cut off; make it again with 'segue data pack'"));
  EXPECT_EQ(message(bytes_ + "x"), cat("expects ", bytes_.size(), " bytes for 2 examples; got ", bytes_.size() + 1,
                                       "; make it again with 'segue data pack'"));
  std::string version = bytes_;
  version[8] = 2;
  EXPECT_EQ(message(version), "cannot read '" + path_ + "': expects a pack of version 1; got version 2");
  std::string count = bytes_;
  count[16] = 3;
  EXPECT_EQ(message(count), "its head has another checksum than it says; make it again with 'segue data pack'");
  EXPECT_NE(message(sealed(count)).find(" bytes for 3 examples; got "), std::string::npos);
  std::string stride = bytes_;
  stride[48] = char(stride[48] + 64);
  EXPECT_EQ(message(sealed(stride)),
            "the sizes in its head do not fit each other; make it again with 'segue data pack'");
  std::string text = bytes_;
  text[70] = char(text[70] ^ 1);
  EXPECT_EQ(message(text),
            "its description has another checksum than its head says; make it again with 'segue data pack'");
  std::string pixel = bytes_;
  pixel[bytes_.size() - 100] = char(pixel[bytes_.size() - 100] ^ 1);
  EXPECT_EQ(message(pixel),
            "example 1 ('0001TP_006720') has another checksum than its record says; make it again with 'segue "
            "data pack'");
}

TEST_F(Damaged, EveryByteCounts) {
  // Every byte of head and description, and each 97th of the records and the gap before them; those in the gap are free.
  uint64_t records_at;
  std::memcpy(&records_at, bytes_.data() + 40, 8);
  uint64_t description;
  std::memcpy(&description, bytes_.data() + 32, 8);
  for (size_t i = 0; i < bytes_.size(); i += i < 64 + description ? 1 : 97) {
    if (i >= 64 + description && i < records_at) continue;
    std::string bad = bytes_;
    bad[i] = char(bad[i] ^ 0x10);
    EXPECT_NE(message(bad), "") << "byte " << i;
  }
}

TEST_F(Damaged, NamesThatLeaveTheFolderAreRefused) {
  std::string bad = bytes_;
  const size_t at = bad.find("0001TP_006690");
  ASSERT_NE(at, std::string::npos);
  bad.replace(at, 13, "../../evil/xy");
  uint64_t n;
  std::memcpy(&n, bad.data() + 32, 8);
  const uint32_t crc = crc32c(bad.data() + 64, n);
  std::memcpy(bad.data() + 56, &crc, 4);
  EXPECT_EQ(message(sealed(bad)), "expects 2 different names of examples; make it again with 'segue data pack'");
}

TEST(Pack, ThreadsReadAtTheSameTime) {
  const ScratchFolder folder;
  write_pack(*layout("gta5"), {64, 96}, folder.file("a"));
  const auto pack = open_pack(folder.file("a"), cityscapes_classes());
  std::atomic<uint64_t> sum{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      ExampleBuffer buffer;
      for (int64_t i = 0; i < 40; ++i) {
        const Example e = pack->read(i % pack->size(), buffer);
        sum += crc32c(e.image.px, size_t(e.image.bytes()));
      }
    });
  for (std::thread& t : threads) t.join();
  uint64_t want = 0;
  ExampleBuffer buffer;
  for (int64_t i = 0; i < 40; ++i) {
    const Example e = pack->read(i % pack->size(), buffer);
    want += 4 * uint64_t(crc32c(e.image.px, size_t(e.image.bytes())));
  }
  EXPECT_EQ(sum.load(), want);
}

}  // namespace
}  // namespace segue::data
