// Resizing and blurring against their formulas in float64 and against PIL.
#include "data/resize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "data/filter_lines.h"
#include "kernels/error.h"

namespace segue::data {
namespace {

Image random_image(int64_t height, int64_t width, int64_t channels, uint32_t seed) {
  Image image(height, width, channels);
  std::mt19937 random(seed);
  for (uint8_t& v : image.px) v = uint8_t(random() >> 24);
  return image;
}

/// The input of the vectors below.
Image formula_image(int64_t height, int64_t width, int64_t channels) {
  Image image(height, width, channels);
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (int64_t c = 0; c < channels; ++c)
        image.row(y)[x * channels + c] = uint8_t((x * 37 + y * 91 + c * 53 + x * y * 7) % 256);
  return image;
}

/// Weights of every input px for one output px.
using Weights = std::vector<double>;

Weights triangle(int64_t in, int64_t out, int64_t i) {
  const double scale = double(in) / double(out), radius = std::max(scale, 1.0), centre = (double(i) + 0.5) * scale;
  Weights w(static_cast<size_t>(in));
  double total = 0;
  for (size_t j = 0; j < w.size(); ++j) total += w[j] = std::max(0.0, 1 - std::abs(double(j) + 0.5 - centre) / radius);
  for (double& v : w) v /= total;
  return w;
}

Weights bell(int64_t n, double sigma, int64_t i) {
  Weights w(static_cast<size_t>(n));
  double total = 0;
  for (size_t j = 0; j < w.size(); ++j)
    if (std::abs(double(j) - double(i)) <= std::ceil(3.5 * sigma))
      total += w[j] = std::exp(-0.5 * std::pow((double(j) - double(i)) / sigma, 2));
  for (double& v : w) v /= total;
  return w;
}

double filtered(const Image& in, const Weights& down, const Weights& across, int64_t c) {
  double sum = 0;
  for (int64_t y = 0; y < in.height; ++y)
    for (int64_t x = 0; x < in.width; ++x) sum += down[size_t(y)] * across[size_t(x)] * in.row(y)[x * in.channels + c];
  return sum;
}

struct Sizes {
  int64_t h, w, to_h, to_w;
};
const Sizes kSizes[] = {{1, 1, 1, 1}, {1, 1, 3, 5},    {5, 7, 4, 3},   {5, 7, 8, 11},  {19, 33, 7, 9},
                        {8, 8, 4, 4}, {16, 48, 16, 5}, {3, 100, 7, 2}, {40, 41, 1, 1}, {33, 19, 34, 18}};

TEST(ResizeAntialias, AgreesWithTheFormula) {
  for (const Sizes& s : kSizes)
    for (const int64_t channels : {1, 3}) {
      const Image in = random_image(s.h, s.w, channels, 1), out = resize_antialias(in.view(), s.to_h, s.to_w);
      ASSERT_EQ(out.height, s.to_h);
      ASSERT_EQ(out.width, s.to_w);
      ASSERT_EQ(out.channels, channels);
      for (int64_t y = 0; y < s.to_h; ++y)
        for (int64_t x = 0; x < s.to_w; ++x)
          for (int64_t c = 0; c < channels; ++c)  // 1/2 for the rounding, the rest for that of weights and lines
            ASSERT_NEAR(out.row(y)[x * channels + c],
                        filtered(in, triangle(s.h, s.to_h, y), triangle(s.w, s.to_w, x), c), 0.53)
                << s.h << "x" << s.w << " to " << s.to_h << "x" << s.to_w << " at " << y << "," << x << "," << c;
    }
}

TEST(ResizeAntialias, ConstantsAndCopiesAreExact) {
  for (const uint8_t v : {0, 1, 128, 255}) {
    Image in(37, 53, 3);
    std::fill(in.px.begin(), in.px.end(), v);
    for (const Sizes& s : kSizes)
      for (const uint8_t got : resize_antialias(in.view(), s.to_h, s.to_w).px) ASSERT_EQ(got, v);
  }
  const Image in = random_image(21, 34, 3, 2);
  EXPECT_EQ(resize_antialias(in.view(), 21, 34).px, in.px);
}

TEST(Resize, ACropIsThatPartOfTheWhole) {
  const Image in = random_image(45, 71, 3, 3), label = random_image(45, 71, 1, 4);
  Resizer resizer;
  for (const auto& [height, width] :
       std::vector<std::pair<int64_t, int64_t>>{{45, 71}, {20, 30}, {77, 123}, {45, 90}}) {
    const Image whole = resize_antialias(in.view(), height, width), ids = resize_nearest(label.view(), height, width);
    for (const Window w :
         {Window{0, 0, 1, 1}, Window{3, 5, 11, 17}, Window{height - 7, width - 9, 7, 9}, Window{0, 0, height, width}}) {
      const int64_t pitch = w.width * 3 + 5;
      std::vector<uint8_t> part(size_t(w.height * pitch), 77), part_ids(size_t(w.height * pitch), 77);
      resizer.antialias(in.view(), height, width, w, part.data(), pitch);
      resizer.nearest(label.view(), height, width, w, nullptr, part_ids.data(), pitch);
      for (int64_t y = 0; y < w.height; ++y)
        for (int64_t x = 0; x < pitch; ++x) {
          const uint8_t* row = whole.row(w.top + y) + w.left * 3;
          ASSERT_EQ(part[size_t(y * pitch + x)], x < w.width * 3 ? row[x] : 77);
          ASSERT_EQ(part_ids[size_t(y * pitch + x)], x < w.width ? ids.row(w.top + y)[w.left + x] : 77);
        }
    }
  }
}

TEST(ResizeNearest, TakesThePixelUnderTheCentre) {
  for (const Sizes& s : kSizes) {
    const Image in = random_image(s.h, s.w, 1, 5), out = resize_nearest(in.view(), s.to_h, s.to_w);
    for (int64_t y = 0; y < s.to_h; ++y)
      for (int64_t x = 0; x < s.to_w; ++x) {
        const auto from_y = int64_t(std::floor((double(y) + 0.5) * double(s.h) / double(s.to_h))),
                   from_x = int64_t(std::floor((double(x) + 0.5) * double(s.w) / double(s.to_w)));
        ASSERT_EQ(out.row(y)[x], in.row(from_y)[from_x]);
      }
  }
}

// A step in the image and one in its label stay at the same place at every scale.
TEST(Resize, ImageAndLabelKeepTheirEdgesTogether) {
  constexpr int64_t kWidth = 120, kEdge = 47;
  Image image(2, kWidth, 3), label(2, kWidth, 1);
  for (int64_t y = 0; y < 2; ++y)
    for (int64_t x = 0; x < kWidth; ++x) {
      label.row(y)[x] = x >= kEdge;
      for (int64_t c = 0; c < 3; ++c) image.row(y)[3 * x + c] = x >= kEdge ? 255 : 0;
    }
  for (int64_t width = 20; width < 300; width += 7) {
    const Image a = resize_antialias(image.view(), 2, width), b = resize_nearest(label.view(), 2, width);
    for (int64_t x = 0; x < width; ++x) {
      const double place = (double(x) + 0.5) * double(kWidth) / double(width);
      if (std::abs(place - double(kEdge)) < 1e-9) continue;  // exactly on the edge: half
      ASSERT_EQ(b.row(0)[x] == 1, place > double(kEdge));
      ASSERT_EQ(a.row(0)[3 * x] >= 128, place > double(kEdge)) << width << " " << x << ": " << int(a.row(0)[3 * x]);
    }
  }
}

TEST(ResizeNearest, AppliesATable) {
  LabelTable table;
  std::mt19937 random(6);
  const Image in = random_image(9, 83, 1, 7);
  for (const size_t ids : {0, 1, 16, 34, 200, 256}) {
    table.fill(255);
    for (size_t i = 0; i < ids; ++i) table[i] = uint8_t(random() % 19);
    for (const int64_t width : {83, 40, 100}) {
      const Image plain = resize_nearest(in.view(), 9, width);
      Image mapped(9, width, 1);
      Resizer().nearest(in.view(), 9, width, {0, 0, 9, width}, &table, mapped.px.data(), width);
      for (size_t i = 0; i < plain.px.size(); ++i) ASSERT_EQ(mapped.px[i], table[plain.px[i]]);
    }
  }
}

TEST(Blur, AgreesWithTheFormula) {
  for (const double sigma : {0.15, 0.5, 1.15, 4.0})
    for (const int64_t channels : {1, 3}) {
      const Image in = random_image(13, 21, channels, 8);
      Image out(13, 21, channels);
      Resizer().blur(in.view(), sigma, out.px.data(), 21 * channels);
      for (int64_t y = 0; y < 13; ++y)
        for (int64_t x = 0; x < 21; ++x)
          for (int64_t c = 0; c < channels; ++c)
            ASSERT_NEAR(out.row(y)[x * channels + c], filtered(in, bell(13, sigma, y), bell(21, sigma, x), c), 0.53);
    }
}

// What the processor does in vectors equals the plain loops, at every width that leaves a remainder.
TEST(FilterLines, VectorsEqualPlainLoops) {
  std::mt19937 random(10);
  for (const auto& [in, out] : std::vector<std::pair<int64_t, int64_t>>{{5, 5}, {40, 17}, {17, 40}, {200, 9}, {1, 6}}) {
    FilterTaps taps;
    resize_taps(in, out, 0, out, taps);
    ASSERT_EQ(taps.width % 2, 0);
    for (const int64_t n : {1, 63, 64, 65, 200}) {
      const Image rows = random_image(in, n, 1, 11);
      const auto y = int64_t(random() % uint32_t(out));
      const int64_t begin = taps.begin[size_t(y)], count = std::min(taps.width, in - begin);
      std::vector<int16_t> got(size_t(n + 1), 9), want(size_t(n + 1), 9);
      sum_rows(rows.row(begin), n, &taps.weights[size_t(y * taps.width)], count, n, got.data());
      sum_rows_plain(rows.row(begin), n, &taps.weights[size_t(y * taps.width)], count, n, want.data());
      EXPECT_EQ(got, want);
    }
    for (const int64_t channels : {1, 3}) {
      std::vector<int16_t> line(size_t((in + taps.width) * channels + kLineSlack));
      for (int16_t& v : line) v = int16_t(random() % (255 << kLineBits));
      std::vector<uint8_t> got(size_t(out * channels + 1), 9), want = got;
      sum_columns(line.data(), taps, out, channels, got.data());
      sum_columns_plain(line.data(), taps, out, channels, want.data());
      EXPECT_EQ(got, want);
    }
  }
}

TEST(Resize, RefusesWhatIsNoImage) {
  const Image in = random_image(4, 4, 3, 9), label = random_image(4, 4, 1, 9), two(4, 4, 2);
  std::vector<uint8_t> to(1000);
  Resizer r;
  EXPECT_THROW(resize_antialias(in.view(), 0, 4), Error);
  EXPECT_THROW(resize_antialias(in.view(), 4, 1 << 21), Error);
  EXPECT_THROW(resize_antialias({}, 4, 4), Error);
  EXPECT_THROW(resize_antialias(two.view(), 2, 2), Error);
  EXPECT_THROW(resize_nearest(in.view(), 2, 2), Error);
  EXPECT_THROW(r.antialias(in.view(), 8, 8, {0, 0, 9, 8}, to.data(), 24), Error);
  EXPECT_THROW(r.antialias(in.view(), 8, 8, {-1, 0, 4, 4}, to.data(), 24), Error);
  EXPECT_THROW(r.nearest(label.view(), 8, 8, {0, 5, 4, 4}, nullptr, to.data(), 4), Error);
  EXPECT_THROW(r.nearest(label.view(), 8, 8, {0, 0, 0, 4}, nullptr, to.data(), 4), Error);
  EXPECT_THROW(r.blur(in.view(), 0, to.data(), 12), Error);
  EXPECT_THROW(r.blur(in.view(), std::nan(""), to.data(), 12), Error);
}

// formula_image(h, w) by Pillow 13.0.0: resize((to_w, to_h), BILINEAR) in RGB, and its red channel with NEAREST, in hex. No output
// centre lies between two input px: PIL's sums of steps decide such a tie either way.
struct PilVector {
  int64_t h, w, to_h, to_w;
  const char *bilinear, *nearest;
};
const PilVector kPil[] = {
    {5, 7, 4, 3, "386d957893ae9e8f71939a897d6e7a7281886e75858e9a8b9180878c987a888185a88b6e",
     "256fb987df374bbf33ad2fb1"},
    {5, 7, 8, 11,
     "00356a11467b285d924075aa578cc16fa4d987bcf19ed3c2b6eb37cd7737de1348285d923a6fa45388b36da286869380a0659a727fb463"
     "98a67db264967d70a84d826196bb75a3cf90b6d6a2d259ba9834d61b5059376c1f54843b70965783b16b90c59acf54b0956abf54826e73"
     "6e5d75777c61966880b56a9fa489be53a87d62be437882b73c9a8054ac42775e639850859d72a78c9496aea09ba08fbc52aa7e64c2477c"
     "1b507535638f587fb473a4d993c8a6b8ed32dd7957c046774c6b925b87b5759acf4479ae60958988b062af7b89a27c886ea36895838f9e"
     "82907ea95b9c8276b85d926ca1d68abf7fb3d11ddc5746a93b702f6499588dc282b7a6abe02cd47e3ef2275c",
     "0000254a4a6f9494b9dede0000254a4a6f9494b9dede5b5b87b3b3df0b0b376363b6b6e91c1c4f8282b5e8e8b6b6e91c1c4f8282b5e8e8"
     "11114b8585bff9f9336d6d6c6cadeeee2f7070b1f2f26c6cadeeee2f7070b1f2f2"},
    {19, 33, 7, 9,
     "73838e7c8588787f867f8f6f757f808f776675858c8e7072818b81808a7e8c877b83837d808c858f878384827a76858b7a868378858379"
     "7f8783807a84787d86718f8382878d7d828970947e828d788b869771817a858280828988758d77797b77767d7c768b8481818085888183"
     "70638f6d7a7d8c8c7a7a7c7770808b6f61945d737881887c7b827a8868916a7e976e887d7b7f7f7c8a818b688e6f7d8a7188757e787c75"
     "7b828386868b8289847b707e7a7f827182758d7a7f89888c",
     "8737e76b1bcb4fffafadb1b5787c8043474b71ade9d6124e3b77b39727b7e373032fbf4fbda185f0d4b82307eb819db94e6a861b3753a7"
     "17875bcb3b0f7fef"},
    {17, 15, 5, 22,
     "54897d6d808e807e967494818585818b7990747eb1779c7e88956aa8598b707791628988818d7487778a7c7a8c6a8d8181817c81917d78"
     "a77d7d875c7b8c69779d826fa48470907c777f798b8389789276788d71a7639187897183936fb26c9e8e8a78748d6b67747b7a847f8c85"
     "729a7a5f8f6e8e84759879848d6d8882808c80998f8186689487697f89717691869b9373969169888a7f7a77956069956b6179ab856b9a"
     "907682839a687b8c7e7982887b798a826591856398876a9e8f72a092798c937e7696768291867b8b8a7385666d7d727175886d6fa15866"
     "9b505e9364588d985e84a0667d98707784867d8a928581968c7081738586708997798391827a897f7382786e9d9167927e7d826c8d736e"
     "7e8978938981a1538391598e606196476398546ea36075aa6777ab69849276907e7c97737e73908b869179a9836386749578698b74626f",
     "5b8787b3dfdf0b3737638f8fbbe7e7133f3f6b9797c3c70f0f579f9fe72f2f77bfbf074f4f97dfdf276f6fb7d8353592efef4ca9a90663"
     "63c01d1d7ad7d7349191eee95b5bcd3f3fb1232395070779ebeb5dcfcf41b3b32555e3e371ffff8d1b1ba93737c55353e16f6ffd8b8b19"},
};

std::vector<uint8_t> bytes_of(const std::string& hex) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < hex.size(); i += 2) bytes.push_back(uint8_t(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

TEST(Resize, AgreesWithPil) {
  int64_t values = 0, different = 0;
  for (const PilVector& v : kPil) {
    const Image image = resize_antialias(formula_image(v.h, v.w, 3).view(), v.to_h, v.to_w);
    const auto want = bytes_of(v.bilinear);
    ASSERT_EQ(image.px.size(), want.size());
    for (size_t i = 0; i < want.size(); ++i) {
      ASSERT_LE(std::abs(int(image.px[i]) - int(want[i])), 1) << v.h << "x" << v.w << " at " << i;
      different += image.px[i] != want[i];
    }
    values += int64_t(want.size());
    EXPECT_EQ(resize_nearest(formula_image(v.h, v.w, 1).view(), v.to_h, v.to_w).px, bytes_of(v.nearest));
  }
  EXPECT_LT(different * 4, values);  // PIL rounds between its passes too
}

}  // namespace
}  // namespace segue::data
