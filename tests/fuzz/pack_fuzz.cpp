// The reader of packs: whatever the bytes, an Error or examples whose every pixel can be read.
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "data/pack_file.h"
#include "fuzz.h"
#include "kernels/error.h"
#include "runtime/atomic_file.h"
#include "runtime/crc32c.h"

namespace segue::fuzz {
namespace {

/// In memory where the system has such a place: the reader maps a file.
const std::string& path() {
  static const std::string p = [] {
    std::error_code none;
    const char* folder = std::filesystem::is_directory("/dev/shm", none) ? "/dev/shm" : "/tmp";
    return std::string(folder) + "/segue_pack_fuzz." + std::to_string(getpid());
  }();
  return p;
}

void put(const std::string& input) {
  struct Removed {
    ~Removed() { unlink(path().c_str()); }
  };
  static const Removed at_the_end;
  if (FILE* f = std::fopen(path().c_str(), "wb")) {
    std::fwrite(input.data(), 1, input.size(), f);
    std::fclose(f);
  }
}

bool run(const std::string& input) {
  put(input);
  bool any = false;
  for (const bool labels : {true, false}) {
    try {
      data::DataOptions options;
      options.need_labels = labels;
      const auto set = data::open_pack(path(), data::cityscapes_classes(), options);
      any = true;
      expect(set->size() >= 1, "a pack has examples");
      data::ExampleBuffer buffer;
      uint32_t sum = 0;
      for (int64_t i = 0; i < set->size(); ++i) {
        const std::string name = set->name(i);
        expect(!name.empty() && name[0] != '/' && ("/" + name + "/").find("/../") == std::string::npos,
               "names stay within a folder");
        try {
          const data::Example e = set->read(i, buffer);
          for (int64_t b = 0; b < e.image.bytes(); ++b) sum += e.image.px[b];
          for (int64_t b = 0; b < e.label.bytes(); ++b) sum += (*e.table)[e.label.px[b]];
        } catch (const Error& error) {
          expect(error.fault() == Fault::data, "a bad record is a data error");
        }
      }
      expect(sum < ~uint32_t(0), "pixels of a small file");  // and nobody may leave their reading out
    } catch (const Error& e) {
      const std::string what = e.what();
      expect(e.fault() == Fault::data || e.fault() == Fault::usage,
             "a bad pack is a data error, odd labels one of usage");
      expect(what.find('\n') == std::string::npos && what.size() < 4096, "a message is one short line");
    }
  }
  return any;
}

/// A set that is packed for the corpus.
class Tiny final : public data::DataSet {
 public:
  explicit Tiny(bool labelled) : labelled_(labelled) {}
  int64_t size() const override { return 2; }
  bool labelled() const override { return labelled_; }
  const data::LabelScheme* scheme() const override {
    return labelled_ ? data::cityscapes_classes().scheme("cityscapes") : nullptr;
  }
  std::string name(int64_t i) const override { return i ? "a/b" : "c"; }
  std::string origin(int64_t) const override { return "x"; }
  data::Example read(int64_t i, data::ExampleBuffer& buffer) const override {
    buffer.image = data::Image(3, 5, 3);
    buffer.label = data::Image(3, 5, 1);
    buffer.label.px[0] = uint8_t(7 + i);
    data::Example e{buffer.image.view(), {}, nullptr};
    if (labelled_) {
      e.label = buffer.label.view();
      e.table = &data::cityscapes_classes().to_train("cityscapes");
    }
    return e;
  }

 private:
  bool labelled_;
};

std::vector<std::string> corpus() {
  std::vector<std::string> all = {""};
  for (const bool labelled : {true, false}) {
    write_pack(Tiny(labelled), {3, 5}, path());
    std::string bytes;
    if (FILE* f = std::fopen(path().c_str(), "rb")) {
      char buffer[65536];
      bytes.assign(buffer, std::fread(buffer, 1, sizeof buffer, f));
      std::fclose(f);
    }
    unlink(path().c_str());
    all.push_back(bytes);
  }
  return all;
}

std::vector<std::string> words() {
  return {"segpack\n",
          "\"names\":",
          "\"labels\":",
          "\"scheme\":",
          "{\"id\":7,\"name\":\"road\"}",
          "\"../x\"",
          "[",
          "]",
          "{",
          "}",
          ",",
          "\"\"",
          "1e99",
          std::string(8, '\0'),
          std::string(8, '\xFF')};
}

/// Changes a field of the head or the description, and makes the checksums fit again.
std::string mutate(const std::string& input, Random& random) {
  std::string out = input;
  if (out.size() < 64) return out;
  const auto field = [&out](size_t at) {
    uint64_t v;
    std::memcpy(&v, out.data() + at, 8);
    return v;
  };
  switch (below(random, 3)) {
    case 0: out[8 + below(random, 48)] = char(below(random, 2) ? random() : below(random, 5)); break;
    case 1: {
      const uint64_t n = std::min<uint64_t>(field(32), out.size() - 64);
      if (n > 0) out[64 + below(random, n)] = char(32 + below(random, 96));
      break;
    }
    default:
      if (out.size() > 4200) out[4096 + below(random, out.size() - 4096)] = char(random());
  }
  if (below(random, 8) == 0) return out;
  const uint64_t n = std::min<uint64_t>(field(32), out.size() - 64);
  const uint32_t description = crc32c(out.data() + 64, n);
  std::memcpy(out.data() + 56, &description, 4);
  const uint32_t head = crc32c(out.data(), 60);
  std::memcpy(out.data() + 60, &head, 4);
  return out;
}

}  // namespace

const Target& target() {
  // Names and labels as JSON values, and as strings; records stay in the file.
  static const Target t{"pack", run, corpus, words, mutate, [](size_t size) { return 160 * size + (256 << 10); }};
  return t;
}

}  // namespace segue::fuzz
