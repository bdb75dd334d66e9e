// The PNG reader, as image and as label: whatever the bytes, an Error or pixels of the size that the header says.
#include "data/png_file.h"
#include "fuzz.h"
#include "kernels/error.h"
#include "tests/png_writer.h"

namespace segue::fuzz {
namespace {

using namespace segue::testing;

template <class Decode>
bool attempt(const std::string& input, int64_t channels, const Decode& decode) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(input.data());
  try {
    data::Image image;
    decode(bytes, input.size(), "x.png", image);
    const data::ImageSize size = data::png_size(bytes, input.size(), "x.png");
    expect(image.channels == channels && image.px.size() == size_t(channels * image.height * image.width),
           "an image is dense");
    expect(image.height == size.height && image.width == size.width, "an image has the size of its header");
    if (image.px.size() <= 4096) {  // the writer is not what is fuzzed
      data::Image again;
      const std::string file = data::encode_png(image.view(), 1);
      decode(reinterpret_cast<const uint8_t*>(file.data()), file.size(), "x.png", again);
      expect(again.px == image.px, "what is written reads back");
    }
    return true;
  } catch (const Error& e) {
    const std::string what = e.what();
    expect(e.fault() == Fault::data, "a bad image is a data error");
    expect(what.find('\n') == std::string::npos && what.find("'x.png'") != std::string::npos && what.size() < 1024,
           "a message is one short line that names the file");
    return false;
  }
}

bool run(const std::string& input) {
  const bool image = attempt(input, 3, data::decode_png), label = attempt(input, 1, data::decode_label_png);
  return image || label;
}

uint32_t sample(int64_t y, int64_t x, int c, int depth) {
  return uint32_t(y * 31 + x * 17 + c * 5) & ((1u << std::min(depth, 6)) - 1);
}

std::vector<std::string> corpus() {
  std::vector<std::string> all = {""};
  for (const bool interlaced : {false, true})
    for (const auto& [color, depth] : std::vector<std::pair<int, int>>{
             {0, 1}, {0, 8}, {0, 16}, {2, 8}, {2, 16}, {3, 1}, {3, 4}, {3, 8}, {4, 8}, {6, 8}, {6, 16}}) {
      const PngKind kind{color, depth, interlaced, color == 3};
      all.push_back(png_file(5, 9, kind, [d = depth](int64_t y, int64_t x, int c) { return sample(y, x, c, d); }));
    }
  all.push_back(png_file(1, 3000, {}, [](int64_t, int64_t, int) { return 7u; }));
  all.push_back(png_signature() + png_header(16384, 16384, {}) + png_chunk("IDAT", std::string(1 << 15, 'x')));
  return all;
}

std::vector<std::string> words() {
  std::vector<std::string> w = {png_signature()};
  for (const char* type :
       {"IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "iCCP", "zTXt", "sBIT", "bKGD", "hIST", "eXIf"})
    for (const size_t bytes : {size_t(0), size_t(3), size_t(13)})
      w.push_back(png_chunk(type, std::string(bytes, '\1')));
  return w;
}

/// Works on chunks, whose checksums stay right: bytes of their content, chunks dropped, doubled or exchanged.
std::string mutate(const std::string& input, Random& random) {
  std::vector<std::pair<std::string, std::string>> chunks;  // type, content
  for (size_t at = 8; at + 12 <= input.size();) {
    const auto* p = reinterpret_cast<const uint8_t*>(input.data()) + at;
    const size_t n = size_t(p[0]) << 24 | size_t(p[1]) << 16 | size_t(p[2]) << 8 | p[3];
    if (n > input.size() - at - 12) break;
    chunks.emplace_back(input.substr(at + 4, 4), input.substr(at + 8, n));
    at += 12 + n;
  }
  if (chunks.empty()) return input;
  const size_t i = below(random, chunks.size()), j = below(random, chunks.size());
  std::string& content = chunks[i].second;
  switch (below(random, 8)) {
    case 0: chunks.erase(chunks.begin() + long(i)); break;
    case 1: chunks.insert(chunks.begin() + long(j), std::pair<std::string, std::string>(chunks[i])); break;
    case 2: std::swap(chunks[i], chunks[j]); break;
    case 3: content.resize(below(random, content.size() + 1)); break;
    case 4: {  // the pixels unpacked, changed, and packed again
      std::string raw(1 << 14, '\0');
      uLongf n = uLongf(raw.size());
      if (chunks[i].first != "IDAT" ||
          uncompress(reinterpret_cast<Bytef*>(raw.data()), &n, reinterpret_cast<const Bytef*>(content.data()),
                     uLong(content.size())) != Z_OK)
        break;
      raw.resize(n);
      for (uint64_t k = 1 + below(random, 4); k > 0 && n > 0; --k) raw[below(random, n)] = char(random());
      uLongf packed = compressBound(uLong(raw.size()));
      content.resize(packed);
      compress2(reinterpret_cast<Bytef*>(content.data()), &packed, reinterpret_cast<const Bytef*>(raw.data()),
                uLong(raw.size()), 1);
      content.resize(packed);
      break;
    }
    default:
      if (!content.empty())
        content[below(random, content.size())] = char(below(random, 2) ? random() : below(random, 9));
  }
  std::string out = png_signature();
  for (const auto& [type, data] : chunks) out += png_chunk(type, data);
  return out;
}

}  // namespace

const Target& target() {
  // What a header alone may cost is 64 MiB, half as much again while rows come, or 128-fold a file of bits that become
  // three bytes.
  static const Target t{"png", run,    corpus,
                        words, mutate, [](size_t size) { return size * 128 * 24 + (size_t(192) << 20); }};
  return t;
}

}  // namespace segue::fuzz
