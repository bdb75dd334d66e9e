// Atomic files, mapped files, and the text of messages.
#include "tests/files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "runtime/append_file.h"
#include "runtime/atomic_file.h"
#include "runtime/crc32c.h"
#include "runtime/mapped_file.h"
#include "runtime/text.h"

namespace segue {
namespace {

using testing::caught;
using testing::read_bytes;
using testing::ScratchFolder;
using testing::write_bytes;

TEST(AtomicFile, WritesAndReplaces) {
  ScratchFolder folder;
  const std::string path = folder.file("a.bin");
  write_file(path, "first");
  EXPECT_EQ(read_bytes(path), "first");
  write_file(path, "second, longer");
  EXPECT_EQ(read_bytes(path), "second, longer");
  EXPECT_EQ(folder.names().size(), 1u);
}

TEST(AtomicFile, KeepsTheOldContentUntilCommit) {
  ScratchFolder folder;
  const std::string path = folder.file("a.bin");
  write_file(path, "old");
  {
    AtomicFile file(path);
    file.write("new");
    EXPECT_EQ(read_bytes(path), "old");
  }
  EXPECT_EQ(read_bytes(path), "old");
  EXPECT_EQ(folder.names(), std::vector<std::string>{"a.bin"});
}

TEST(AtomicFile, WhatKilledProcessesLeftIsRemoved) {
  const ScratchFolder folder;
  const pid_t dead = fork();
  if (dead == 0) _exit(0);
  ASSERT_EQ(waitpid(dead, nullptr, 0), dead);
  std::filesystem::create_directory(folder.file("in"));
  const std::string gone = cat(".segue-", dead, "-7.tmp"), alive = cat(".segue-", getpid(), "-7.tmp");
  for (const std::string& name : {gone, "in/" + gone, alive, gone + "x", std::string("a.png")})
    write_bytes(folder.file(name), "x");
  remove_abandoned_files(folder.path(), false);
  EXPECT_FALSE(std::filesystem::exists(folder.file(gone)));
  EXPECT_TRUE(std::filesystem::exists(folder.file("in/" + gone)));
  remove_abandoned_files(folder.path());
  EXPECT_FALSE(std::filesystem::exists(folder.file("in/" + gone)));
  for (const std::string& name : {alive, gone + "x", std::string("a.png")})
    EXPECT_TRUE(std::filesystem::exists(folder.file(name))) << name;
}

TEST(AtomicFile, AMappedFileOutlivesItsReplacement) {
  ScratchFolder folder;
  const std::string path = folder.file("a.bin");
  write_file(path, std::string(10000, 'a'));
  const MappedFile mapped(path);
  write_file(path, "short");
  EXPECT_EQ(char(mapped.data()[9999]), 'a');
}

TEST(AtomicFile, ReadOnlyAndMissingFoldersAreOneClearError) {
  ScratchFolder folder;
  const auto missing = caught([&] { write_file(folder.file("no/such/folder/a.bin"), "x"); });
  EXPECT_EQ(missing.code, 1);
  EXPECT_NE(missing.what.find("No such file or directory"), std::string::npos) << missing.what;
  if (geteuid() != 0) {  // root writes everywhere
    chmod(folder.path().c_str(), 0500);
    EXPECT_NE(caught([&] { write_file(folder.file("a.bin"), "x"); }).what.find("denied"), std::string::npos);
  }
}

TEST(AtomicFile, RefusesFoldersAndDevices) {
  ScratchFolder folder;
  EXPECT_NE(caught([&] { write_file(folder.path().string(), "x"); }).what.find("got a folder"), std::string::npos);
  EXPECT_NE(caught([&] { write_file("/dev/full", "x"); }).what.find("got a device"), std::string::npos);
}

/// A full disk, as far as a test can make one: the system refuses to let the file grow.
TEST(AtomicFile, AFullDiskLeavesNothingBehind) {
  ScratchFolder folder;
  const std::string path = folder.file("a.bin");
  write_file(path, "old");
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 4096;
  setrlimit(RLIMIT_FSIZE, &small);
  const auto error = caught([&] { write_file(path, std::string(100000, 'x')); });
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(error.code, 1);
  EXPECT_NE(error.what.find("File too large; nothing was written"), std::string::npos) << error.what;
  EXPECT_EQ(read_bytes(path), "old");
  EXPECT_EQ(folder.names(), std::vector<std::string>{"a.bin"});
}

TEST(AtomicFile, AFileThatFailedTakesNothingMore) {
  ScratchFolder folder;
  AtomicFile file(folder.file("a.bin"));
  file.write("x");
  file.commit();
  EXPECT_EQ(caught([&] { file.write("y"); }).code, 1);
  EXPECT_EQ(caught([&] { file.commit(); }).code, 1);
  EXPECT_EQ(read_bytes(folder.file("a.bin")), "x");
}

TEST(MappedFile, RefusesWhatIsNoPlainFile) {
  ScratchFolder folder;
  EXPECT_EQ(caught([&] { MappedFile(folder.file("none")); }).code, 3);
  EXPECT_EQ(caught([&] { MappedFile(folder.path().string()); }).code, 3);
  EXPECT_EQ(caught([&] { MappedFile("/dev/zero"); }).code, 3);
  ASSERT_EQ(mkfifo(folder.file("pipe").c_str(), 0600), 0);
  EXPECT_EQ(caught([&] { MappedFile(folder.file("pipe")); }).code, 3);  // and does not wait for a writer
  write_bytes(folder.file("empty"), "");
  EXPECT_EQ(MappedFile(folder.file("empty")).bytes(), 0u);
}

TEST(AppendFile, GrowsByPiecesAndGoesOn) {
  ScratchFolder folder;
  const std::string path = folder.file("log");
  AppendFile(path).append("one\n");
  AppendFile file(path);
  file.append("two\n");
  file.append("");
  file.sync();
  EXPECT_EQ(read_bytes(path), "one\ntwo\n");
  EXPECT_EQ(caught([&] { AppendFile(folder.file("none/log")); }).code, 1);
}

TEST(AppendFile, APieceThatDoesNotFitLeavesNothing) {
  ScratchFolder folder;
  AppendFile file(folder.file("log"));
  file.append(std::string(1000, 'a'));
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before;
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{1500, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const testing::Caught c = caught([&] { file.append(std::string(1000, 'b')); });
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(c.what, "writing '" + file.path() + "' failed: File too large");
  EXPECT_EQ(c.code, 1);
  EXPECT_EQ(read_bytes(file.path()), std::string(1000, 'a'));
  file.append("c");
  EXPECT_EQ(read_bytes(file.path()), std::string(1000, 'a') + "c");
}

// RFC 3720, appendix B.4.
TEST(Crc32c, KnownAnswers) {
  EXPECT_EQ(crc32c("123456789", 9), 0xE3069283u);
  EXPECT_EQ(crc32c("", 0), 0u);
  EXPECT_EQ(crc32c(std::string(32, '\0').data(), 32), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff').data(), 32), 0x62a8ab43u);
  std::string rising;
  for (int i = 0; i < 32; ++i) rising += char(i);
  EXPECT_EQ(crc32c(rising.data(), 32), 0x46dd794eu);
  for (size_t cut = 0; cut <= 32; ++cut)
    EXPECT_EQ(crc32c(rising.data() + cut, 32 - cut, crc32c(rising.data(), cut)), 0x46dd794eu) << cut;
}

TEST(Text, QuoteKeepsMessagesOnOneLine) {
  EXPECT_EQ(quote("layer1.0"), "'layer1.0'");
  EXPECT_EQ(quote("a\nb\x1b[31m"), "'a\\x0ab\\x1b[31m'");
  EXPECT_EQ(quote(std::string("a\0b", 3)), "'a\\x00b'");
  EXPECT_EQ(quote("z\xc3\xbcrich"), "'z\xc3\xbcrich'");
  EXPECT_EQ(quote("\xff\xc3"), "'\\xff\\xc3'");
  EXPECT_EQ(quote("\xe2\x80\xae"), "'\\xe2\\x80\\xae'");  // right-to-left override
  EXPECT_EQ(quote("\xe2\x82\xac"), "'\xe2\x82\xac'");
  EXPECT_EQ(quote(std::string(300, 'x')), "'" + std::string(200, 'x') + "...'");
}

TEST(Text, Utf8) {
  for (const char* good : {"", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(is_utf8(good)) << quote(good);
  for (const char* bad : {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe2\x82",
                          "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xc2"})
    EXPECT_FALSE(is_utf8(bad)) << quote(bad);
}

TEST(Text, EditDistance) {
  EXPECT_EQ(edit_distance("", ""), 0);
  EXPECT_EQ(edit_distance("abc", ""), 3);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
  EXPECT_EQ(edit_distance("raet", "rate"), 1);  // neighbours swapped
  EXPECT_EQ(edit_distance("ca", "abc"), 3);     // optimal string alignment, not the unrestricted distance
}

TEST(Text, NearestNamesOnlyNeighbours) {
  EXPECT_EQ(nearest("optim.raet", {"optim.power", "optim.rate", "train.batch"}), "optim.rate");
  EXPECT_EQ(nearest("zzz", {"optim.rate", "log"}), "");
  EXPECT_EQ(nearest("foo", {"log"}), "");
  EXPECT_EQ(nearest("", {"a"}), "");
  EXPECT_EQ(nearest(std::string(10000, 'a'), {"a"}), "");
  EXPECT_EQ(did_you_mean("inspct", {"inspect"}), "; did you mean 'inspect'?");
}

TEST(Text, Numbers) {
  EXPECT_EQ(count_text(0), "0");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(39761331), "39,761,331");
  EXPECT_EQ(bytes_text(512), "512 B");
  EXPECT_EQ(bytes_text(1536), "1.5 KiB");
  EXPECT_EQ(bytes_text(uint64_t(3) << 40), "3.0 TiB");
}

}  // namespace
}  // namespace segue
