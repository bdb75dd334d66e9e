// safetensors: the format's conformance vectors, hostile files, round trips, and an independent reader.
#include "runtime/safetensors.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/files.h"
#include "tests/required.h"

namespace segue {
namespace {

using testing::caught;
using testing::read_bytes;
using testing::safetensors_file;
using testing::ScratchFolder;
using testing::write_bytes;

/// What reading `file` ends in: the name of the check that refuses it, or "" if it is accepted.
std::string verdict(const std::string& file) {
  // A block of its own size, so that a sanitizer sees a read beyond its end.
  const std::vector<char> bytes(file.begin(), file.end());
  const auto error = caught([&] { SafeTensors("test", bytes.data(), bytes.size()); });
  if (error.what.empty()) return "";
  EXPECT_EQ(error.code, 3);
  EXPECT_EQ(error.what.find('\n'), std::string::npos);
  const size_t open = error.what.rfind('(');
  return error.what.substr(open + 1, error.what.size() - open - 2);
}

std::string message(const std::string& file) {
  return caught([&] { SafeTensors("test", file.data(), file.size()); }).what;
}

std::string header_of(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return "{\"test\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}}";
}

// The reference implementation's own test vectors (safetensors/src/tensor.rs).

TEST(SafeTensorsConformance, AcceptsWhitespaceAroundTheHeaderAndEmptyTensors) {
  EXPECT_EQ(verdict(safetensors_file("{}\r \t\n")), "");
  EXPECT_EQ(verdict(safetensors_file("\t\n{}\r ")), "");
  EXPECT_EQ(verdict(safetensors_file(header_of("I32", "[2,0]", "[0, 0]"))), "");
}

TEST(SafeTensorsConformance, TensorsThatShareBytes) {
  std::string header = "{";
  for (int i = 0; i < 10; ++i)
    header += (i ? "," : "") + std::string("\"weight_") + std::to_string(i) +
              "\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0, 16]}";
  EXPECT_EQ(verdict(safetensors_file(header + "}", std::string(16, '\0'))), "InvalidOffset");
}

TEST(SafeTensorsConformance, TrailingAndMissingBytes) {
  const std::string header = header_of("I32", "[2,2]", "[0, 16]");
  EXPECT_EQ(verdict(safetensors_file(header, std::string(16, '\0'))), "");
  EXPECT_EQ(verdict(safetensors_file(header, std::string(16, '\0') + "extra_bogus_data_for_polyglot_file")),
            "MetadataIncompleteBuffer");
  EXPECT_EQ(verdict(safetensors_file(header, std::string(14, '\0'))), "MetadataIncompleteBuffer");
  EXPECT_EQ(verdict(safetensors_file("{}", "x")), "MetadataIncompleteBuffer");
}

TEST(SafeTensorsConformance, Lengths) {
  EXPECT_EQ(verdict(std::string("\xff\xff\xff\0\0\0\0\0\x3c", 9)), "InvalidHeaderLength");
  EXPECT_EQ(verdict(std::string("\x3c\0\0\0\0\xff\xff\xff\xff", 9)), "HeaderTooLarge");
  EXPECT_EQ(verdict(std::string(8, '\xff')), "HeaderTooLarge");
  EXPECT_EQ(verdict(""), "HeaderTooSmall");
  EXPECT_EQ(verdict("1234567"), "HeaderTooSmall");
  EXPECT_EQ(verdict(std::string("\x01\0\0\0\0\0\0\0", 8)), "InvalidHeaderLength");
  EXPECT_EQ(verdict(std::string("\x00\xe1\xf5\x05\0\0\0\0", 8)),
            "InvalidHeaderLength");  // 100,000,000: the limit itself
  EXPECT_EQ(verdict(std::string("\x01\xe1\xf5\x05\0\0\0\0", 8)), "HeaderTooLarge");
  EXPECT_EQ(verdict(std::string(8, '\0')), "InvalidHeaderDeserialization");  // no header at all
}

TEST(SafeTensorsConformance, HeadersThatAreNoHeaders) {
  EXPECT_EQ(verdict(safetensors_file("\xff")), "InvalidHeader");
  EXPECT_EQ(verdict(safetensors_file("{")), "InvalidHeaderDeserialization");
  EXPECT_EQ(verdict(safetensors_file("[]")), "InvalidHeaderDeserialization");
  EXPECT_EQ(verdict(safetensors_file("null")), "InvalidHeaderDeserialization");
  EXPECT_EQ(verdict(safetensors_file("{}{}")), "InvalidHeaderDeserialization");
  EXPECT_EQ(verdict(safetensors_file("\xef\xbb\xbf{}")), "InvalidHeaderDeserialization");
  EXPECT_EQ(verdict(safetensors_file("{\"a\":1}")), "InvalidHeaderDeserialization");
  EXPECT_EQ(verdict(safetensors_file("{\"\xed\xa0\x80\":1}")), "InvalidHeader");
}

TEST(SafeTensorsConformance, ShapesThatDoNotFit) {
  EXPECT_EQ(verdict(safetensors_file(header_of("I32", "[2,2]", "[0, 4]"), std::string(4, '\0'))), "TensorInvalidInfo");
  EXPECT_EQ(verdict(safetensors_file(header_of("I32", "[2,18446744073709551614]", "[0, 16]"), std::string(16, '\0'))),
            "ValidationOverflow");
  EXPECT_EQ(verdict(safetensors_file(header_of("I32", "[2,9223372036854775807]", "[0, 16]"), std::string(16, '\0'))),
            "ValidationOverflow");
  EXPECT_EQ(verdict(safetensors_file(header_of("F4", "[3]", "[0, 1]"), "x")), "MisalignedSlice");
}

// Beyond the reference's vectors.

TEST(SafeTensors, FieldsMustBeThereAndOfTheirKind) {
  const std::string data(16, '\0');
  for (const char* bad : {
           "{\"t\":{\"shape\":[4],\"data_offsets\":[0,16]}}",
           "{\"t\":{\"dtype\":\"F32\",\"data_offsets\":[0,16]}}",
           "{\"t\":{\"dtype\":\"F32\",\"shape\":[4]}}",
           "{\"t\":{\"dtype\":\"F33\",\"shape\":[4],\"data_offsets\":[0,16]}}",
           "{\"t\":{\"dtype\":32,\"shape\":[4],\"data_offsets\":[0,16]}}",
           "{\"t\":{\"dtype\":[\"F32\"],\"shape\":[4],\"data_offsets\":[0,16]}}",
           "{\"t\":{\"dtype\":\"F32\",\"shape\":4,\"data_offsets\":[0,16]}}",
           "{\"t\":{\"dtype\":\"F32\",\"shape\":[-4],\"data_offsets\":[0,16]}}",
           "{\"t\":{\"dtype\":\"F32\",\"shape\":[4.0],\"data_offsets\":[0,16]}}",
           "{\"t\":{\"dtype\":\"F32\",\"shape\":[4e0],\"data_offsets\":[0,16]}}",
           "{\"t\":{\"dtype\":\"F32\",\"shape\":[[4]],\"data_offsets\":[0,16]}}",
           "{\"t\":{\"dtype\":\"F32\",\"shape\":[\"4\"],\"data_offsets\":[0,16]}}",
           "{\"t\":{\"dtype\":\"F32\",\"shape\":[18446744073709551616],\"data_offsets\":[0,16]}}",
           "{\"t\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0]}}",
           "{\"t\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16,16]}}",
           "{\"t\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":{\"0\":16}}}",
           "{\"t\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[-0,16]}}",
           "{\"t\":[\"F32\",[4],[0,16]]}",
           "{\"t\":null}",
           "{\"t\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]},}",
           "{\"__metadata__\":{\"a\":1},\"t\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}",
           "{\"__metadata__\":{\"a\":{}},\"t\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}",
           "{\"__metadata__\":[],\"t\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}",
       })
    EXPECT_EQ(verdict(safetensors_file(bad, data)), "InvalidHeaderDeserialization") << bad;
}

TEST(SafeTensors, NamesGivenTwiceAreRefused) {
  const std::string t = "{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}";
  for (const std::string& bad :
       {"{\"a\":" + t + ",\"a\":" + t + "}", "{\"a\":" + t + ",\"b\":" + t + ",\"\\u0061\":" + t + "}",
        std::string("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}"),
        std::string("{\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"shape\":[0],\"data_offsets\":[0,0]}}"),
        std::string("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}"),
        std::string("{\"__metadata__\":{},\"__metadata__\":{}}")}) {
    EXPECT_EQ(verdict(safetensors_file(bad)), "InvalidHeaderDeserialization") << bad;
    EXPECT_NE(message(safetensors_file(bad)).find("twice"), std::string::npos) << bad;
  }
}

TEST(SafeTensors, UnknownFieldsAreSkippedAndNullMetadataIsNone) {
  const std::string file = safetensors_file(
      "{\"__metadata__\":null,\"t\":{\"extra\":{\"a\":[1,{\"b\":[]}],\"dtype\":3},\"dtype\":\"U8\",\"shape\":[2],"
      "\"more\":[[[]],-1.5,null,true,\"x\"],\"data_offsets\":[0,2],\"flag\":true}}",
      "ab");
  ASSERT_EQ(verdict(file), "");
  const SafeTensors read("test", file.data(), file.size());
  ASSERT_EQ(read.tensors().size(), 1u);
  EXPECT_EQ(char(read.data(read.tensors()[0])[1]), 'b');
}

TEST(SafeTensors, HolesAndBackwardOffsetsAreRefused) {
  const auto two = [](const std::string& a, const std::string& b) {
    return safetensors_file("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":" + a +
                                "},\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":" + b + "}}",
                            "abcdef");
  };
  EXPECT_EQ(verdict(two("[0,2]", "[4,6]")), "InvalidOffset");
  EXPECT_EQ(verdict(two("[2,4]", "[4,6]")), "InvalidOffset");
  EXPECT_EQ(verdict(two("[0,2]", "[1,3]")), "InvalidOffset");
  EXPECT_EQ(verdict(two("[0,2]", "[2,1]")), "InvalidOffset");
  EXPECT_EQ(verdict(two("[0,2]", "[18446744073709551615,1]")), "InvalidOffset");
  EXPECT_EQ(verdict(two("[4,6]", "[0,4]")), "TensorInvalidInfo");
}

TEST(SafeTensors, TypesOutsideSegueAreRefusedByName) {
  const std::string text = message(safetensors_file(header_of("F8_E4M3", "[2]", "[0, 2]"), "ab"));
  EXPECT_NE(text.find("tensor 'test' is F8_E4M3"), std::string::npos) << text;
  EXPECT_NE(text.find("UnsupportedType"), std::string::npos);
  for (const char* type : {"I8", "I16", "U16", "U32", "C64", "U64", "F6_E2M3"}) {
    const int64_t bits = type == std::string("F6_E2M3") ? 6 : std::atoi(type + 1);
    const std::string bytes(size_t(bits), '\0');  // eight elements of `bits` bits
    EXPECT_EQ(verdict(safetensors_file(header_of(type, "[8]", "[0, " + std::to_string(bits) + "]"), bytes)),
              "UnsupportedType")
        << type;
  }
}

TEST(SafeTensors, SaysWhatElseAFileIs) {
  EXPECT_NE(message(std::string("PK\x03\x04\0\0\x08\x08", 8) + std::string(100, 'x')).find("PyTorch file"),
            std::string::npos);
  EXPECT_NE(message("version https://git-lfs.github.com/spec/v1").find("git lfs pull"), std::string::npos);
}

TEST(SafeTensors, EveryTruncationIsRefused) {
  ScratchFolder folder;
  const float values[3] = {1, 2, 3};
  const uint8_t flags[2] = {0, 1};
  write_safetensors(folder.file("a"), {{"w", StoredType::F32, {3}, values}, {"b", StoredType::BOOL, {2}, flags}},
                    {{"k", "v"}});
  const std::string whole = read_bytes(folder.file("a"));
  ASSERT_EQ(verdict(whole), "");
  for (size_t n = 0; n < whole.size(); ++n) EXPECT_NE(verdict(whole.substr(0, n)), "") << n << " bytes";
}

/// Time and memory on headers made to be costly: none of them builds a tree or recurses.
TEST(SafeTensors, DeepAndWideHeadersCostLittle) {
  const size_t n = 1 << 20;
  EXPECT_EQ(verdict(safetensors_file(std::string(n, '['))), "InvalidHeaderDeserialization");
  std::string deep = "{\"t\":{\"x\":" + std::string(n, '[') + std::string(n, ']') +
                     ",\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}";
  EXPECT_EQ(verdict(safetensors_file(deep)), "");
  std::string wide = "{\"t\":{\"dtype\":\"U8\",\"shape\":[0";
  for (size_t i = 0; i < n / 2; ++i) wide += ",1";
  const std::string file = safetensors_file(wide + "],\"data_offsets\":[0,0]}}");
  EXPECT_EQ(verdict(file), "");
  EXPECT_LT(shape_text(SafeTensors("t", file.data(), file.size()).tensors()[0].shape).size(), 60u);
}

TEST(SafeTensors, RoundTripOfAllTypes) {
  ScratchFolder folder;
  std::vector<TensorSource> sources;
  std::vector<std::string> bytes;
  const StoredType types[] = {StoredType::BOOL, StoredType::U8,  StoredType::F16, StoredType::BF16,
                              StoredType::I32,  StoredType::F32, StoredType::F64, StoredType::I64};
  for (const StoredType t : types) bytes.push_back(std::string(size_t(6 * bits_of(t) / 8), char('a' + int(t))));
  for (size_t i = 0; i < bytes.size(); ++i)
    sources.push_back({std::string("t.") + name_of(types[i]), types[i], {2, 3}, bytes[i].data()});
  sources.push_back({"scalar", StoredType::I64, {}, bytes.back().data()});
  sources.push_back({"none", StoredType::F32, {2, 0, 3}, nullptr});
  sources.push_back({"\"quoted\"\n\xc3\xbc\\", StoredType::U8, {1}, bytes[1].data()});
  const std::map<std::string, std::string> metadata = {{"format", "pt"}, {"segue.classes", "road,\"side\nwalk\""}};
  write_safetensors(folder.file("a.safetensors"), sources, metadata);

  const SafeTensors read(folder.file("a.safetensors"));
  EXPECT_EQ(read.metadata(), metadata);
  ASSERT_EQ(read.tensors().size(), sources.size());
  for (const TensorSource& s : sources) {
    const StoredTensor* t = read.find(s.name);
    ASSERT_NE(t, nullptr) << s.name;
    EXPECT_EQ(t->type, s.type);
    EXPECT_EQ(t->shape, s.shape);
    if (t->bytes() > 0) {
      EXPECT_EQ(std::memcmp(read.data(*t), s.data, t->bytes()), 0) << s.name;
    }
  }
  EXPECT_EQ(read.find("no such tensor"), nullptr);
  EXPECT_EQ(read.find(""), nullptr);
}

TEST(SafeTensors, WriterOrderPaddingAndRepeatability) {
  ScratchFolder folder;
  const double data[2] = {1, 2};
  std::vector<TensorSource> sources = {{"z", StoredType::U8, {2}, data},  {"b", StoredType::F32, {1}, data},
                                       {"a", StoredType::F32, {1}, data}, {"i", StoredType::I64, {1}, data},
                                       {"h", StoredType::F16, {1}, data}, {"d", StoredType::F64, {1}, data}};
  write_safetensors(folder.file("a"), sources, {{"y", "2"}, {"x", "1"}});
  std::swap(sources[0], sources[4]);
  write_safetensors(folder.file("b"), sources, {{"x", "1"}, {"y", "2"}});
  const std::string bytes = read_bytes(folder.file("a"));
  EXPECT_EQ(bytes, read_bytes(folder.file("b")));

  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  EXPECT_EQ(length % 8, 0u);
  EXPECT_EQ(bytes[8], '{');
  const SafeTensors read(folder.file("a"));
  std::string order;
  for (const StoredTensor& t : read.tensors()) {
    order += t.name;
    // Rising alignment never puts a wide type on an odd address.
    EXPECT_EQ((8 + length + t.begin) % uint64_t(bits_of(t.type) / 8), 0u) << t.name;
  }
  EXPECT_EQ(order, "idabhz");
}

TEST(SafeTensors, FillIsCalledInPlaceOfData) {
  ScratchFolder folder;
  std::vector<TensorSource> sources;
  for (const char name : {'a', 'b'})
    sources.push_back({std::string(1, name), StoredType::U8, {4}, nullptr, [name](std::byte* packed) {
                         std::memset(packed, name, 4);
                       }});
  write_safetensors(folder.file("a"), sources);
  const SafeTensors read(folder.file("a"));
  EXPECT_EQ(std::memcmp(read.data(*read.find("a")), "aaaabbbb", 8), 0);
}

TEST(SafeTensors, WriterRefusesWhatNoReaderTakes) {
  ScratchFolder folder;
  const float x = 0;
  const std::string path = folder.file("a");
  const auto refused = [&](std::vector<TensorSource> sources, std::map<std::string, std::string> metadata = {}) {
    return caught([&] { write_safetensors(path, sources, metadata); }).what;
  };
  EXPECT_NE(refused({{"a", StoredType::F32, {1}, &x}, {"a", StoredType::U8, {1}, &x}}).find("'a' twice"),
            std::string::npos);
  EXPECT_NE(refused({{"__metadata__", StoredType::F32, {1}, &x}}), "");
  EXPECT_NE(refused({{"\xff", StoredType::F32, {1}, &x}}).find("'\\xff'"), std::string::npos);
  EXPECT_NE(refused({{"a", StoredType::F32, {1}, &x}}, {{"k", "\xff"}}), "");
  EXPECT_NE(refused({{"a", StoredType::F8_E4M3, {1}, &x}}).find("F8_E4M3"), std::string::npos);
  EXPECT_NE(refused({{"a", StoredType::F32, {1}, nullptr}}), "");
  EXPECT_NE(refused({{"a", StoredType::F32, {uint64_t(1) << 62, 2}, &x}}), "");
  EXPECT_TRUE(folder.names().empty());
}

/// A reader of twenty lines in another language, that knows the format and nothing of segue.
TEST(SafeTensors, AnIndependentReaderAgrees) {
  const char* source = std::getenv("SEGUE_SOURCE_DIR");
  if (access("/usr/bin/python3", X_OK) != 0 || !source)
    SEGUE_TOOL_MISSING("needs /usr/bin/python3 and SEGUE_SOURCE_DIR");
  ScratchFolder folder;
  const float w[6] = {0.5f, -1, 2, 3e-5f, 4, 1e30f};
  const int64_t n = 123456789012;
  const uint8_t u[3] = {0, 7, 255};
  const uint16_t h[2] = {0x3C00, 0xC000};
  write_safetensors(folder.file("a"),
                    {{"w", StoredType::F32, {2, 3}, w},
                     {"n", StoredType::I64, {}, &n},
                     {"u", StoredType::U8, {3}, u},
                     {"h", StoredType::F16, {2}, h}},
                    {{"format", "pt"}});
  const auto read = testing::run_shell(folder, "/usr/bin/python3 -B '" + std::string(source) +
                                                   "/tests/reference/read_safetensors.py' '" + folder.file("a") + "'");
  EXPECT_EQ(read.status, 0) << read.err;
  EXPECT_EQ(read.out,
            "format=pt\n"
            "h F16 [2] 1 -2\n"
            "n I64 [] 123456789012\n"
            "u U8 [3] 0 7 255\n"
            "w F32 [2, 3] 0.5 -1 2 2.9999999e-05 4 1e+30\n");
}

}  // namespace
}  // namespace segue
