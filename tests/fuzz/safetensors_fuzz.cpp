// The safetensors reader: whatever the bytes, an Error or tensors that lie inside the file.
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <map>

#include "fuzz.h"
#include "kernels/error.h"
#include "runtime/checkpoint_file.h"
#include "runtime/safetensors.h"
#include "runtime/stored_values.h"
#include "runtime/text.h"

namespace segue::fuzz {
namespace {

std::string file_of(const std::string& header, const std::string& data) {
  const uint64_t length = header.size();
  std::string file(8, '\0');
  std::memcpy(file.data(), &length, 8);
  return file + header + data;
}

/// The header text as the file's length names it, cut to what is there, and what follows it.
std::pair<std::string, std::string> split(const std::string& file) {
  if (file.size() < 8) return {file, ""};
  uint64_t length = 0;
  std::memcpy(&length, file.data(), 8);
  length = std::min<uint64_t>(length, file.size() - 8);
  return {file.substr(8, size_t(length)), file.substr(8 + size_t(length))};
}

void check_message(const std::string& what) {
  expect(what.find('\n') == std::string::npos && is_utf8(what), "a message is one line of text");
  expect(what.size() < 4096, "a message is short");
}

/// A file that was accepted: all that a caller would do with it.
void use(const SafeTensors& file, const std::string& input) {
  uint64_t covered = 0, sum = 0;
  for (const StoredTensor& t : file.tensors()) {
    expect(file.find(t.name) == &t, "every tensor is found by its name");
    expect(t.count() * uint64_t(bits_of(t.type)) == 8 * t.bytes(), "sizes follow from shapes");
    covered += t.bytes();
    const std::byte* data = file.data(t);
    for (uint64_t i = 0; i < t.bytes(); ++i) sum += uint64_t(data[i]);
    for (uint64_t i = 0; i < t.count(); ++i) sum += value_at(data, t.type, i) > 0;
  }
  expect(file.tensors().empty() || covered + 8 < input.size(), "tensors lie behind the header");
  volatile uint64_t keep = sum;
  (void)keep;
}

std::string written(const SafeTensors& file, const std::string& path) {
  std::vector<TensorSource> sources;
  for (const StoredTensor& t : file.tensors()) sources.push_back({t.name, t.type, t.shape, file.data(t), nullptr});
  write_safetensors(path, sources, file.metadata());
  return path;
}

/// Gone at the end of the program, with what is in it.
struct TemporaryFolder {
  TemporaryFolder() {
    path = (std::filesystem::temp_directory_path() / "segue_fuzz_XXXXXX").string();
    expect(mkdtemp(path.data()) != nullptr, "there is a folder for temporary files");
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::string path;
};

/// Writing what was read and reading it again gives the same tensors.
void check_round_trip(const SafeTensors& file) {
  static const TemporaryFolder folder;
  const std::string path = folder.path + "/a";
  for (const StoredTensor& t : file.tensors())
    if (t.name == "__metadata__") return;
  const SafeTensors again(written(file, path));
  expect(again.tensors().size() == file.tensors().size() && again.metadata() == file.metadata(),
         "a round trip keeps all");
  for (const StoredTensor& t : file.tensors()) {
    const StoredTensor* u = again.find(t.name);
    expect(u && u->type == t.type && u->shape == t.shape, "a round trip keeps names, types and shapes");
    expect(t.bytes() == 0 || std::memcmp(file.data(t), again.data(*u), t.bytes()) == 0, "a round trip keeps values");
  }
  // Into a model: a report or an Error, and no other end.
  float w[6] = {}, b[2] = {};
  int64_t n = 0;
  try {
    load_weights(path,
                 {{"w", View(w, {1, 2, 1, 3}, DType::f32), true},
                  {"b", View(b, {2}, DType::f32)},
                  {"n.num_batches_tracked", View(&n, {}, DType::i64)}},
                 {.strict = false});
  } catch (const Error& e) {
    check_message(e.what());
  }
}

bool run(const std::string& input) {
  static long accepted = 0;
  // A block of exactly this size: the sanitizer sees a read beyond it.
  const std::vector<char> bytes(input.begin(), input.end());
  try {
    const SafeTensors file("input", bytes.data(), bytes.size());
    use(file, input);
    if (accepted++ % 64 == 0) check_round_trip(file);  // the disk is slow
    return true;
  } catch (const Error& e) {
    expect(e.fault() == Fault::data, "a bad file is a data error");
    check_message(e.what());
    return false;
  }
}

std::vector<std::string> corpus() {
  const std::string one = "{\"w\":{\"dtype\":\"F32\",\"shape\":[1,3,2,1],\"data_offsets\":[0,24]}}";
  return {
      file_of("{}", ""),
      file_of(one, std::string(24, 'x')),
      file_of("{\"__metadata__\":{\"format\":\"pt\"},\"b\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]},"
              "\"n.num_batches_tracked\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[4,12]}}  ",
              std::string(12, 'y')),
      file_of(
          "{\"a\":{\"dtype\":\"BOOL\",\"shape\":[3],\"data_offsets\":[0,3]},\"b\":{\"dtype\":\"BF16\",\"shape\":[1],"
          "\"data_offsets\":[3,5]},\"c\":{\"dtype\":\"U8\",\"shape\":[0,9],\"data_offsets\":[5,5]},\"d\":{\"dtype\":"
          "\"F64\",\"shape\":[1],\"data_offsets\":[5,13]},\"e\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[13,"
          "17]}}",
          std::string(17, 'z')),
      file_of("{\"t\":{\"dtype\":\"F32\",\"shape\":[2,18446744073709551614],\"data_offsets\":[0,16]}}",
              std::string(16, 'x')),
      file_of("{\"t\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,1]}}", "x"),
      file_of("{\"t\":{\"x\":[[{\"y\":[]}]],\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", "x"),
      std::string(8, '\xff'),
      "",
  };
}

constexpr const char* kEmpty = "\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}";

std::vector<std::string> words() {
  std::vector<std::string> w = {"{",
                                "}",
                                "[",
                                "]",
                                ":",
                                ",",
                                "\"",
                                "\\u0000",
                                "\\ud800",
                                "\xed\xa0\x80",
                                "\xff",
                                "null",
                                "true",
                                "-0",
                                "1e9",
                                "0",
                                "1",
                                "18446744073709551615",
                                "18446744073709551616",
                                "9223372036854775807",
                                "\"dtype\":",
                                "\"shape\":",
                                "\"data_offsets\":",
                                "\"__metadata__\":",
                                "\"__metadata__\":{}",
                                "\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},",
                                " ",
                                "\n",
                                "/**/"};
  for (int t = 0; t < kStoredTypes; ++t) w.push_back(std::string("\"") + name_of(StoredType(t)) + "\"");
  return w;
}

/// Works on the header text and writes the length that belongs to it, so that the checks behind it are reached.
std::string mutate(const std::string& input, Random& random) {
  auto [header, data] = split(input);
  const std::vector<std::string> all = words();
  const auto number = [&] {
    static const uint64_t kEdges[] = {
        0, 1, 2, 4, 8, 16, uint64_t(1) << 31, uint64_t(1) << 32, uint64_t(1) << 62, uint64_t(1) << 63, ~uint64_t(0)};
    return std::to_string(below(random, 2) ? below(random, data.size() + 4) : kEdges[below(random, std::size(kEdges))]);
  };
  switch (below(random, 9)) {
    case 7: {  // a valid empty tensor in front; a second time, its name is given twice
      const size_t open = header.find('{');
      if (open != std::string::npos)
        header.insert(open + 1, header.find_first_not_of(" \n}", open + 1) == std::string::npos
                                    ? kEmpty
                                    : std::string(kEmpty) + ",");
      break;
    }
    case 0: {  // another number in place of one
      const size_t from = header.find_first_of("0123456789", below(random, header.size() + 1));
      if (from != std::string::npos) {
        const size_t to = std::min(header.find_first_not_of("0123456789", from), header.size());
        header.replace(from, to - from, number());
      }
      break;
    }
    case 1: {  // another type in place of one
      const size_t from = header.find("\"dtype\":\"", below(random, header.size() + 1));
      const size_t to = from == std::string::npos ? from : header.find('"', from + 9);
      if (to != std::string::npos)
        header.replace(from + 9, to - from - 9, name_of(StoredType(below(random, kStoredTypes))));
      break;
    }
    case 2: {  // one more tensor, at the end of the data, valid
      const size_t close = header.rfind('}');
      const uint64_t n = below(random, 5);
      if (close == std::string::npos || close < 1) break;
      const char* comma = header.find_last_not_of(" \n\t{", close - 1) == std::string::npos ? "" : ",";
      header.insert(close, comma + std::string("\"t") + std::to_string(random() % 1000) +
                               "\":{\"dtype\":\"U8\",\"shape\":[" + std::to_string(n) + "],\"data_offsets\":[" +
                               std::to_string(data.size()) + "," + std::to_string(data.size() + n) + "]}");
      data += std::string(size_t(n), 'd');
      break;
    }
    case 3: header.insert(below(random, header.size() + 1), all[below(random, all.size())]); break;
    case 4: header.insert(0, below(random, 9), ' '); break;
    case 5: data.resize(below(random, data.size() + 9)); break;
    case 6: {  // one byte of the text
      if (!header.empty()) header[below(random, header.size())] = char(0x20 + below(random, 0x60));
      break;
    }
    default: {  // the length alone is wrong
      std::string file = file_of(header, data);
      const uint64_t length = header.size() + below(random, 17) - 8;
      std::memcpy(file.data(), &length, 8);
      return file;
    }
  }
  return file_of(header, data);
}

}  // namespace

const Target& target() {
  // A tensor entry of 50 bytes of text becomes a record of about 120 bytes, twice while the list grows.
  static const Target t{"safetensors", run, corpus, words, mutate, [](size_t size) { return 64 * size + (64 << 10); }};
  return t;
}

}  // namespace segue::fuzz
