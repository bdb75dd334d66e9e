// Image files: every kind of PNG against an encoder of the test's own, Pillow's files against Pillow, and files that lie.
#include "data/image_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "data/jpeg_file.h"
#include "tests/files.h"
#include "tests/png_writer.h"
#include "tests/python.h"
#include "tests/required.h"

namespace segue::data {
namespace {

using namespace segue::testing;

const uint8_t* bytes_of(const std::string& s) { return reinterpret_cast<const uint8_t*>(s.data()); }

Image rgb_of(const std::string& file) {
  Image image;
  decode_png(bytes_of(file), file.size(), "x.png", image);
  return image;
}
Image ids_of(const std::string& file) {
  Image image;
  decode_label_png(bytes_of(file), file.size(), "x.png", image);
  return image;
}

std::vector<PngKind> all_kinds() {
  std::vector<PngKind> all;
  for (const bool interlaced : {false, true}) {
    for (const int depth : {1, 2, 4, 8, 16}) all.push_back({0, depth, interlaced, false});
    for (const int depth : {1, 2, 4, 8})
      for (const bool transparent : {false, true}) all.push_back({3, depth, interlaced, transparent});
    for (const int color : {2, 4, 6})
      for (const int depth : {8, 16}) all.push_back({color, depth, interlaced, false});
  }
  return all;
}

std::string name_of(const PngKind& k) {
  return cat("colour ", k.color, " depth ", k.depth, k.interlaced ? " interlaced" : "", k.transparent ? " alpha" : "");
}

uint32_t hash(int64_t y, int64_t x, int c) { return uint32_t(y * 7919 + x * 104729 + c * 1299709) * 2654435761u >> 8; }

TEST(Png, EveryKindAsRgb) {
  for (const PngKind& kind : all_kinds())
    for (const auto& [height, width] : std::vector<std::pair<int64_t, int64_t>>{{1, 1}, {5, 9}, {19, 33}}) {
      const uint32_t most = (1u << kind.depth) - 1;
      const auto sample = [&](int64_t y, int64_t x, int c) { return hash(y, x, c) & most; };
      const Image image = rgb_of(png_file(height, width, kind, sample));
      ASSERT_EQ(image.height, height);
      ASSERT_EQ(image.width, width);
      ASSERT_EQ(image.channels, 3);
      int wrong = 0;
      for (int64_t y = 0; y < height; ++y)
        for (int64_t x = 0; x < width; ++x)
          for (int c = 0; c < 3; ++c) {
            const uint32_t v = sample(y, x, kind.color == 2 || kind.color == 6 ? c : 0);
            const int want = kind.color == 3 ? palette_color(int(v))[size_t(c)] : int(std::lround(v * 255. / most));
            wrong += image.row(y)[3 * x + c] != want;
          }
      EXPECT_EQ(wrong, 0) << name_of(kind) << ' ' << width << 'x' << height;
    }
}

TEST(Png, EveryKindAsLabels) {
  for (const PngKind& kind : all_kinds())
    for (const auto& [height, width] : std::vector<std::pair<int64_t, int64_t>>{{1, 1}, {5, 9}, {19, 33}}) {
      const uint32_t most = std::min(255u, (1u << kind.depth) - 1);
      // Ids below 256 in the first channel; in 16 bits anything in the others, in 8 bits the same, and any alpha.
      const auto sample = [&](int64_t y, int64_t x, int c) {
        const bool alpha = c + 1 == kind.channels() && kind.color >= 4;
        return kind.depth == 16 && c > 0 ? hash(y, x, c) & 65535 : hash(y, x, alpha ? c : 0) & most;
      };
      const Image label = ids_of(png_file(height, width, kind, sample));
      ASSERT_EQ(label.height, height);
      ASSERT_EQ(label.width, width);
      ASSERT_EQ(label.channels, 1);
      int wrong = 0;
      for (int64_t y = 0; y < height; ++y)
        for (int64_t x = 0; x < width; ++x) wrong += label.row(y)[x] != sample(y, x, 0);
      EXPECT_EQ(wrong, 0) << name_of(kind) << ' ' << width << 'x' << height;
    }
}

TEST(Png, LabelsThatAreNoIdsAreRefused) {
  const auto refusal = [](const PngKind& kind, const PngSample& sample) {
    return caught([&] { ids_of(png_file(3, 4, kind, sample)); });
  };
  const auto instances = refusal({0, 16, false, false}, [](int64_t y, int64_t, int) { return y == 1 ? 26001u : 7u; });
  EXPECT_EQ(instances.code, 3);
  EXPECT_EQ(instances.what,
            "cannot read 'x.png': expects label ids of 0 to 255; got 26001; is it a file of instances?");
  for (const int color : {2, 6})
    for (const bool interlaced : {false, true})
      EXPECT_EQ(
          refusal({color, 8, interlaced, false}, [](int64_t y, int64_t x, int c) { return y == 2 && x == 3 && c == 2; })
              .what,
          "cannot read 'x.png': expects a label file with ids (grey, palette, or 16 bits a channel); got a picture in "
          "colours");
}

TEST(Png, OddSizes) {
  const auto sample = [](int64_t y, int64_t x, int c) { return hash(y, x, c) & 255; };
  for (const auto& [height, width] : std::vector<std::pair<int64_t, int64_t>>{{3, 20000}, {20000, 3}, {1, 4097}}) {
    const std::string file = png_file(height, width, {}, sample);
    const Image image = rgb_of(file);
    EXPECT_EQ(png_size(bytes_of(file), file.size(), "x"), (ImageSize{height, width}));
    int64_t wrong = 0;
    for (int64_t y = 0; y < height; ++y)
      for (int64_t x = 0; x < width; ++x)
        for (int c = 0; c < 3; ++c) wrong += image.row(y)[3 * x + c] != (hash(y, x, c) & 255);
    EXPECT_EQ(wrong, 0);
  }
}

TEST(Png, CutAnywhereIsRefusedWithoutACrash) {
  const auto sample = [](int64_t y, int64_t x, int c) { return hash(y, x, c) & 255; };
  for (const PngKind& kind : {PngKind{2, 8, false, false}, PngKind{3, 8, true, true}, PngKind{2, 16, true, false}}) {
    const std::string file = png_file(7, 9, kind, sample);
    for (size_t n = 0; n < file.size(); ++n) {
      const std::string cut = file.substr(0, n);
      for (const auto& read : {rgb_of, ids_of}) {
        const auto error = caught([&] { read(cut); });
        EXPECT_EQ(error.code, 3) << n;
        EXPECT_EQ(error.what.rfind("cannot read 'x.png': ", 0), 0u) << n << ' ' << error.what;
      }
    }
  }
}

TEST(Png, AFlippedBitIsFoundByAChecksum) {
  const std::string file = png_file(7, 9, {}, [](int64_t y, int64_t x, int c) { return hash(y, x, c) & 255; });
  for (size_t i = 16; i + 12 < file.size(); ++i) {  // behind the signature and before the end
    std::string bad = file;
    bad[i] = char(bad[i] ^ 4);
    EXPECT_EQ(caught([&] { rgb_of(bad); }).code, 3) << "byte " << i;
  }
}

TEST(Png, HeadersThatPromiseTooMuchCostNothing) {
  const auto message = [](int64_t height, int64_t width, const PngKind& kind) {
    const std::string file = png_signature() + png_header(height, width, kind) +
                             (kind.color == 3 ? png_chunk("PLTE", std::string(3, 'x')) : "") + png_chunk("IDAT", "x") +
                             png_chunk("IEND", "");
    return caught([&] { rgb_of(file); }).what;
  };
  EXPECT_EQ(message(16000, 16000, {}),
            "cannot read 'x.png': its header says 16000x16000, too much for a file of 58 bytes");
  EXPECT_EQ(message(16000, 16000, {3, 1, false, false}),
            "cannot read 'x.png': its header says 16000x16000, too much for a file of 73 bytes");
  const std::string limits =
      "cannot read 'x.png': expects an image of 1 to 268,435,456 px with sides of at most 1,048,576; got ";
  EXPECT_EQ(message(0x7FFFFFFF, 0x7FFFFFFF, {}), limits + "2147483647x2147483647");
  EXPECT_EQ(message(1, 1048577, {}), limits + "1048577x1");
  EXPECT_EQ(message(0, 5, {}).rfind("cannot read 'x.png': ", 0), 0u);
}

TEST(Png, ProfilesAndTextThatUnpackToMuchAreNotUnpacked) {
  // 64 MiB of zeros as a compressed text and as a colour profile.
  std::string zeros(64 << 20, '\0');
  uLongf n = compressBound(uLong(zeros.size()));
  std::string packed(n, '\0');
  compress2(reinterpret_cast<Bytef*>(packed.data()), &n, reinterpret_cast<const Bytef*>(zeros.data()),
            uLong(zeros.size()), 9);
  packed.resize(n);
  const std::string extra =
      png_chunk("zTXt", std::string("a\0\0", 3) + packed) + png_chunk("iCCP", std::string("a\0\0", 3) + packed);
  const Image image = rgb_of(png_file(
      2, 2, {}, [](int64_t, int64_t, int) { return 9; }, extra));
  EXPECT_EQ(image.px, std::vector<uint8_t>(12, 9));
}

TEST(Png, WrittenFilesReadBack) {
  const ScratchFolder folder;
  Image image(19, 33, 3), grey(19, 33, 1);
  for (size_t i = 0; i < image.px.size(); ++i) image.px[i] = uint8_t(hash(int64_t(i), 0, 0));
  for (size_t i = 0; i < grey.px.size(); ++i) grey.px[i] = uint8_t(hash(int64_t(i), 1, 0));
  const std::string a = folder.file("a.png"), b = folder.file("b.png"), c = folder.file("c.png");
  write_png(a, image.view());
  write_png(b, grey.view());
  Palette palette = {};
  for (size_t i = 0; i < 256; ++i) palette[i] = {uint8_t(i), uint8_t(255 - i), 7};
  write_png(c, grey.view(), palette);
  EXPECT_EQ(read_image(a).px, image.px);
  EXPECT_EQ(read_label(b).px, grey.px);
  EXPECT_EQ(read_label(c).px, grey.px);
  const Image colors = read_image(c);
  for (size_t i = 0; i < grey.px.size(); ++i) {
    EXPECT_EQ(colors.px[3 * i], grey.px[i]);
    EXPECT_EQ(colors.px[3 * i + 1], 255 - grey.px[i]);
    EXPECT_EQ(colors.px[3 * i + 2], 7);
  }
  for (const std::string& path : {a, b, c}) EXPECT_EQ(image_size(path), (ImageSize{19, 33}));
  EXPECT_EQ(caught([&] { write_png(folder.file("none/a.png"), image.view()); }).code, 1);
  EXPECT_THROW(encode_png(ImageView{}), Error);
  EXPECT_THROW(encode_png(image.view(), palette), Error);
}

TEST(ImageFile, IsToldByItsContent) {
  const ScratchFolder folder;
  write_png(folder.file("png.jpg"), Image(2, 3, 3).view());
  EXPECT_EQ(read_image(folder.file("png.jpg")).width, 3);
  const std::string jpeg =
      std::string(std::getenv("SEGUE_SOURCE_DIR")) + "/tests/data/layouts/camvid/train/images/0001TP_006690.jpg";
  std::filesystem::copy_file(jpeg, folder.file("jpeg.png"));
  EXPECT_EQ(read_image(folder.file("jpeg.png")).width, 12);
  EXPECT_EQ(image_size(folder.file("jpeg.png")), (ImageSize{8, 12}));
  EXPECT_EQ(caught([&] { read_label(jpeg); }).what,
            "cannot read '" + jpeg + "': expects a PNG file with label ids; got something else");
}

TEST(ImageFile, WhatIsNoImageIsNamed) {
  const ScratchFolder folder;
  const std::string path = folder.file("a.png");
  const auto message = [&] {
    const auto error = caught([&] { read_image(path); });
    EXPECT_EQ(error.code, 3);
    EXPECT_EQ(caught([&] { image_size(path); }).what, error.what);
    return error.what;
  };
  EXPECT_EQ(message(), "cannot open '" + path + "': No such file or directory");
  write_bytes(path, "");
  EXPECT_EQ(message(), "cannot read '" + path + "': expects a PNG or JPEG file; got an empty file");
  write_bytes(path, "GIF89a");
  EXPECT_EQ(message(), "cannot read '" + path + "': expects a PNG or JPEG file; got something else");
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  EXPECT_EQ(message(), "cannot read '" + path + "': expects a plain file; got a folder");
}

TEST(Jpeg, CutAnywhereIsRefused) {
  const std::string file = read_bytes(std::string(std::getenv("SEGUE_SOURCE_DIR")) +
                                      "/tests/data/layouts/camvid/train/images/0001TP_006690.jpg");
  Image image;
  decode_jpeg(bytes_of(file), file.size(), "x.jpg", image);
  EXPECT_EQ(image.height, 8);
  for (size_t n = 0; n < file.size(); ++n) {
    const auto error = caught([&] { decode_jpeg(bytes_of(file), n, "x.jpg", image); });
    EXPECT_EQ(error.code, 3) << n;
    EXPECT_EQ(error.what.rfind("cannot read 'x.jpg': ", 0), 0u) << error.what;
  }
}

TEST(Jpeg, WrittenFilesReadBack) {
  Image image(19, 33, 3), back;
  for (int64_t y = 0; y < 19; ++y)
    for (int64_t x = 0; x < 33; ++x)
      for (int c = 0; c < 3; ++c) image.row(y)[3 * x + c] = uint8_t(6 * x + 3 * y * (c - 1) + 40);
  const std::string fine = encode_jpeg(image.view(), 100), coarse = encode_jpeg(image.view(), 20);
  EXPECT_LT(coarse.size(), fine.size());
  decode_jpeg(bytes_of(fine), fine.size(), "x.jpg", back);
  ASSERT_EQ(back.px.size(), image.px.size());
  for (size_t i = 0; i < image.px.size(); ++i) EXPECT_NEAR(back.px[i], image.px[i], 3);
  EXPECT_EQ(jpeg_size(bytes_of(coarse), coarse.size(), "x.jpg"), (ImageSize{19, 33}));
  EXPECT_THROW(encode_jpeg(Image(2, 2, 1).view(), 90), Error);
  EXPECT_THROW(encode_jpeg(image.view(), 0), Error);
}

TEST(Jpeg, AHeaderThatPromisesTooMuchCostsNothing) {
  std::string file = read_bytes(std::string(std::getenv("SEGUE_SOURCE_DIR")) +
                                "/tests/data/layouts/camvid/train/images/0001TP_006690.jpg");
  const size_t frame = file.find("\xFF\xC0");
  ASSERT_NE(frame, std::string::npos);
  file.replace(frame + 5, 4, std::string("\x3F\xFF\x3F\xFF"));
  Image image;
  const auto error = caught([&] { decode_jpeg(bytes_of(file), file.size(), "x.jpg", image); });
  EXPECT_NE(error.what.find("its header says 16383x16383, too much for a file of"), std::string::npos) << error.what;
}

TEST(Pillow, FilesOfPillowReadAsPillowReadsThem) {
  const TemporaryFolder folder;
  const ScriptResult r = run_script("pillow_images.py", {folder.path.string()});
  if (r.output.find("ModuleNotFoundError") != std::string::npos) SEGUE_TOOL_MISSING("no Pillow (python3-pil)");
  ASSERT_EQ(r.status, 0) << r.output;
  std::istringstream lines(r.output);
  std::string name;
  int64_t height, width, channels, count = 0;
  int tolerance;
  for (; lines >> name >> height >> width >> channels >> tolerance; ++count) {
    const std::string path = (folder.path / name).string(), raw = read_bytes(path + ".raw");
    const Image image = channels == 3 ? read_image(path) : read_label(path);
    ASSERT_EQ(image.height, height) << name;
    ASSERT_EQ(image.width, width) << name;
    ASSERT_EQ(image.px.size(), raw.size()) << name;
    int most = 0;
    for (size_t i = 0; i < raw.size(); ++i) most = std::max(most, std::abs(int(image.px[i]) - int(uint8_t(raw[i]))));
    EXPECT_LE(most, tolerance) << name;
    EXPECT_EQ(image_size(path), (ImageSize{height, width})) << name;
  }
  EXPECT_EQ(count, 39);
}

}  // namespace
}  // namespace segue::data
