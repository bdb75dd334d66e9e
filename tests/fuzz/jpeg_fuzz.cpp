// The JPEG reader: whatever the bytes, an Error or an image of the size that the header says.
#include "data/jpeg_file.h"
#include "fuzz.h"
#include "hex.h"
#include "kernels/error.h"

namespace segue::fuzz {
namespace {

bool run(const std::string& input) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(input.data());
  try {
    data::Image image;
    data::decode_jpeg(bytes, input.size(), "x.jpg", image);
    const data::ImageSize size = data::jpeg_size(bytes, input.size(), "x.jpg");
    expect(image.channels == 3 && image.px.size() == size_t(3 * image.height * image.width), "an image is dense");
    expect(image.height == size.height && image.width == size.width, "an image has the size of its header");
    return true;
  } catch (const Error& e) {
    const std::string what = e.what();
    expect(e.fault() == Fault::data, "a bad image is a data error");
    expect(what.find('\n') == std::string::npos && what.find("'x.jpg'") != std::string::npos && what.size() < 1024,
           "a message is one short line that names the file");
    return false;
  }
}

// 9x7 px of a smooth picture, by Pillow: 4:4:4, 4:2:0 with restarts, 4:2:2 progressive, grey.
const char* const kFiles[] = {
    "ffd8ffe000104a46494600010100000100010000ffdb0043000d090a0b0a080d0b0a0b0e0e0d0f13201513121213271c1e17202e2931302e"
    "292d2c333a4a3e333646372c2d405741464c4e525352323e5a615a50604a51524fffdb0043010e0e0e131113261515264f352d354f4f4f4f"
    "4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4fffc00011080007000903"
    "011100021101031101ffc4001500010100000000000000000000000000000206ffc4001a1000020203000000000000000000000000000103"
    "04111314ffc4001501010100000000000000000000000000000304ffc4001b11000104030000000000000000000000000001020311041222"
    "ffda000c03010002110311003f00a28ad2d78067e942c76d07a112685d67ffd9",
    "ffd8ffe000104a46494600010100000100010000ffdb0043001b12141714111b1716171e1c1b2028422b28252528513a3d3042605565645f"
    "555d5b6a7899816a7190735b5d85b586909ea3abadab6780bcc9baa6c799a8aba4ffdb0043011c1e1e2823284e2b2b4ea46e5d6ea4a4a4a4"
    "a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4ffc00011080021002803"
    "012200021101031101ffc4001800010101010100000000000000000000000003020105ffc400181001010101010000000000000000000000"
    "0001021112ffc40017010101010100000000000000000000000003040102ffc40017110101010100000000000000000000000000010211ff"
    "da000c03010002110311003f00f432a44b35495ba4f96cae74b41a3e5ca396833232b72a334d4d2ad54b22dd3a9fa3d0a963568c5d0e3844"
    "a3700f53c7401d2c7280c76fffd9",
    "ffd8ffe000104a46494600010100000100010000ffdb0043000d090a0b0a080d0b0a0b0e0e0d0f13201513121213271c1e17202e2931302e"
    "292d2c333a4a3e333646372c2d405741464c4e525352323e5a615a50604a51524fffdb0043010e0e0e131113261515264f352d354f4f4f4f"
    "4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4fffc20011080007000903"
    "012100021101031101ffc4001500010100000000000000000000000000000105ffc4001501010100000000000000000000000000000103ff"
    "da000c03010002100310000001a245ffc4001810000203000000000000000000000000000001021221ffda000801010001050252cb1fffc4"
    "00161100030000000000000000000000000000000331ffda0008010301013f015c3fffc40017110100030000000000000000000000000001"
    "000211ffda0008010201013f01b9acffc40014100100000000000000000000000000000010ffda0008010100063f023fffc4001410010000"
    "0000000000000000000000000010ffda0008010100013f2113ffda000c030100020003000000100fffc40016110003000000000000000000"
    "0000000000000111ffda0008010301013f10487fffc4001511010100000000000000000000000000000021ffda0008010201013f10a2ffc4"
    "0017100100030000000000000000000000000000011121ffda0008010100013f108b0a3fffd9",
    "ffd8ffe000104a46494600010100000100010000ffdb0043000d090a0b0a080d0b0a0b0e0e0d0f13201513121213271c1e17202e2931302e"
    "292d2c333a4a3e333646372c2d405741464c4e525352323e5a615a50604a51524fffc0000b080007000901011100ffc40015000101000000"
    "00000000000000000000000206ffc4001a100002020300000000000000000000000000010304111314ffda0008010100003f00a28ad2d780"
    "f423ffd9",
};

std::vector<std::string> corpus() {
  std::vector<std::string> all;
  for (const char* hex : kFiles) all.push_back(from_hex(hex));
  for (const std::string& file : std::vector<std::string>(all)) all.push_back(file.substr(0, file.size() / 2));
  all.push_back("");
  return all;
}

std::vector<std::string> words() {
  std::vector<std::string> w;
  for (const int marker : {0xC0, 0xC1, 0xC2, 0xC4, 0xD0, 0xD7, 0xD8, 0xD9, 0xDA, 0xDB, 0xDC, 0xDD, 0xE0, 0xEE, 0xFE})
    w.push_back(std::string("\xFF") + char(marker));
  w.push_back(
      std::string("\xFF\xEE\x00\x0E"
                  "Adobe\x00\x65\x00\x00\x00\x00\x00",
                  15));
  w.push_back(std::string("\x00\x00", 2));
  w.push_back("\xFF\xFF");
  w.push_back(std::string("\xFF\x00", 2));
  return w;
}

/// Works on segments: fields of headers, segments dropped, doubled or exchanged.
std::string mutate(const std::string& input, Random& random) {
  std::vector<size_t> starts;
  for (size_t i = 0; i + 1 < input.size(); ++i)
    if (uint8_t(input[i]) == 0xFF && uint8_t(input[i + 1]) >= 0xC0 && uint8_t(input[i + 1]) != 0xFF)
      starts.push_back(i);
  if (starts.size() < 2) return input;
  starts.push_back(input.size());
  const size_t i = below(random, starts.size() - 1), j = below(random, starts.size() - 1);
  const std::string segment = input.substr(starts[i], starts[i + 1] - starts[i]);
  std::string out = input;
  switch (below(random, 4)) {
    case 0: return out.erase(starts[i], segment.size());
    case 1: return out.insert(starts[j], segment);
    default: {  // a byte of a header
      const size_t at = starts[i] + 2 + below(random, std::min<size_t>(24, segment.size()));
      static const int kBytes[] = {0, 1, 2, 3, 4, 8, 16, 17, 0x11, 0x22, 0x41, 0x44, 63, 64, 127, 128, 255};
      if (at < out.size()) out[at] = char(kBytes[below(random, std::size(kBytes))]);
      return out;
    }
  }
}

}  // namespace

const Target& target() {
  // A block of 8x8 px takes a bit at least; a decoder of progressive files keeps coefficients of two bytes beside the px.
  static const Target t{"jpeg", run,    corpus,
                        words,  mutate, [](size_t size) { return size * 512 * 24 + (size_t(1) << 20); }};
  return t;
}

}  // namespace segue::fuzz
