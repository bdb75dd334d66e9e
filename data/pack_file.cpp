#include "pack_file.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <unordered_set>

#include "kernels/error.h"
#include "ordered_work.h"
#include "resize.h"
#include "runtime/atomic_file.h"
#include "runtime/crc32c.h"
#include "runtime/json.h"
#include "runtime/mapped_file.h"
#include "runtime/text.h"

namespace segue::data {
namespace {

constexpr char kMagic[8] = {'s', 'e', 'g', 'p', 'a', 'c', 'k', '\n'};
constexpr uint32_t kVersion = 1, kHasLabels = 1;
constexpr int64_t kHeadBytes = 64, kRecordsAlign = 4096, kRecordAlign = 64;
constexpr uint64_t kMaxDescription = 64 << 20, kMaxCount = 1 << 28;

struct Head {
  char magic[8];
  uint32_t version, flags;
  uint64_t count;
  uint32_t height, width;
  uint64_t description_bytes, records_at, stride;
  uint32_t description_crc, head_crc;  // of all bytes of the head before it
};
static_assert(sizeof(Head) == kHeadBytes);

constexpr int64_t round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

/// Bytes of a record, its checksum included.
int64_t stride_of(ImageSize size, bool labels) {
  return round_up(size.height * size.width * (labels ? 4 : 3) + 4, kRecordAlign);
}

uint32_t checksum(const Head& head) { return crc32c(&head, offsetof(Head, head_crc)); }

/// Names become names of output files: they stay below the output folder.
bool is_safe_name(const std::string& name) {
  if (name.empty() || name.size() > 1024 || name[0] == '/' || name.find('\0') != std::string::npos) return false;
  return ("/" + name + "/").find("/../") == std::string::npos;
}

class PackSet final : public DataSet {
 public:
  PackSet(const std::string& path, const ClassTable& classes, const DataOptions& options) : path_(path), file_(path) {
    read_head();
    describe(classes, options);
    checked_ = std::make_unique<std::atomic<bool>[]>(head_.count);
  }

  int64_t size() const override { return int64_t(head_.count); }
  bool labelled() const override { return use_labels_; }
  const LabelScheme* scheme() const override { return use_labels_ ? &scheme_ : nullptr; }
  std::string name(int64_t i) const override { return names_.at(size_t(i)); }
  std::string origin(int64_t i) const override { return path_ + ":" + names_.at(size_t(i)); }

  Example read(int64_t i, ExampleBuffer&) const override {
    require(i >= 0 && i < size(), "pack", "expects an example below ", size(), "; got ", i);
    const auto* record = reinterpret_cast<const uint8_t*>(file_.data()) + head_.records_at + uint64_t(i) * head_.stride;
    if (!checked_[size_t(i)].load(std::memory_order_relaxed)) {
      const size_t bytes = size_t(head_.stride) - 4;
      uint32_t stored;
      std::memcpy(&stored, record + bytes, 4);
      if (crc32c(record, bytes) != stored)
        damaged(cat("example ", i, " (", quote(name(i)), ") has another checksum than its record says"));
      checked_[size_t(i)].store(true, std::memory_order_relaxed);
    }
    const int64_t height = head_.height, width = head_.width;
    Example e{{record, height, width, 3}, {}, nullptr};
    if (use_labels_) {
      e.label = {record + height * width * 3, height, width, 1};
      e.table = &table_;
    }
    return e;
  }

 private:
  [[noreturn]] void damaged(const std::string& what) const {
    throw Error(Fault::data,
                cat("pack ", quote(path_), " is damaged: ", what, "; make it again with 'segue data pack'"));
  }

  void read_head() {
    const uint64_t bytes = file_.bytes();
    if (bytes < sizeof head_ || std::memcmp(file_.data(), kMagic, sizeof kMagic) != 0)
      throw Error(Fault::data,
                  cat("cannot read ", quote(path_), ": expects a pack of 'segue data pack'; got something else"));
    std::memcpy(&head_, file_.data(), sizeof head_);
    if (head_.version != kVersion)
      throw Error(Fault::data, cat("cannot read ", quote(path_), ": expects a pack of version ", kVersion,
                                   "; got version ", head_.version));
    if (head_.head_crc != checksum(head_)) damaged("its head has another checksum than it says");
    const ImageSize size{head_.height, head_.width};
    check_image_size(size, path_);
    const bool consistent =
        head_.flags <= kHasLabels && head_.count >= 1 && head_.count <= kMaxCount &&
        head_.description_bytes <= kMaxDescription &&
        int64_t(head_.records_at) == round_up(kHeadBytes + int64_t(head_.description_bytes), kRecordsAlign) &&
        int64_t(head_.stride) == stride_of(size, head_.flags & kHasLabels);
    if (!consistent) damaged("the sizes in its head do not fit each other");
    // At most 2^28 records of at most 2^30 bytes: no overflow.
    const uint64_t want = head_.records_at + head_.count * head_.stride;
    if (bytes != want)
      damaged(cat("expects ", want, " bytes for ", head_.count, " examples; got ", bytes,
                  bytes < want ? ": it is cut off" : ""));
  }

  void describe(const ClassTable& classes, const DataOptions& options) {
    const std::string_view text(reinterpret_cast<const char*>(file_.data()) + sizeof head_, head_.description_bytes);
    if (crc32c(text.data(), text.size()) != head_.description_crc)
      damaged("its description has another checksum than its head says");
    try {
      const Json json = Json::parse(text, path_);
      for (const Json& name : json.at("names").elements()) names_.push_back(name.text());
      scheme_.name = json.text("scheme");
      for (const Json& label : json.at("labels").elements()) {
        const int64_t id = label.integer("id");
        if (id < 0 || id > 255) damaged(cat("expects label ids of 0 to 255; got ", id));
        scheme_.labels.emplace_back(uint8_t(id), label.text("name"));
      }
    } catch (const Error& e) {
      damaged(plain_text(e.what()));
    }
    const std::unordered_set<std::string> unique(names_.begin(), names_.end());
    if (names_.size() != head_.count || unique.size() != names_.size() ||
        !std::all_of(names_.begin(), names_.end(), is_safe_name))
      damaged(cat("expects ", head_.count, " different names of examples"));
    use_labels_ = options.need_labels;
    if (use_labels_ && !(head_.flags & kHasLabels))
      throw Error(Fault::data, cat("pack ", quote(path_), " has no labels; they are needed here"));
    if (use_labels_) table_ = place_labels(classes, scheme_);
  }

  std::string path_;
  MappedFile file_;
  Head head_;
  std::vector<std::string> names_;
  LabelScheme scheme_;
  LabelTable table_;
  bool use_labels_ = false;
  std::unique_ptr<std::atomic<bool>[]> checked_;
};

std::string description(const DataSet& set) {
  Json::Array names, labels;
  for (int64_t i = 0; i < set.size(); ++i) {
    if (!is_safe_name(set.name(i)) || !is_utf8(set.name(i)))
      throw Error(Fault::data, cat("expects a name in UTF-8 within its folder for ", quote(set.origin(i)), "; got ",
                                   quote(set.name(i))));
    names.emplace_back(set.name(i));
  }
  const LabelScheme none, &scheme = set.scheme() ? *set.scheme() : none;
  for (const auto& [id, label] : scheme.labels) labels.push_back(Json::object().set("id", int(id)).set("name", label));
  return Json::object()
      .set("scheme", scheme.name.substr(scheme.name.rfind('/') + 1))
      .set("labels", labels)
      .set("names", names)
      .dump();
}

}  // namespace

std::shared_ptr<const DataSet> open_pack(const std::string& path, const ClassTable& classes,
                                         const DataOptions& options) {
  return std::make_shared<PackSet>(path, classes, options);
}

void write_pack(const DataSet& set, ImageSize size, const std::string& path, const PackProgress& progress) {
  require(set.size() >= 1, "write_pack", "expects examples; got none");
  check_image_size(size, path);
  const bool labels = set.labelled();
  const int64_t px = size.height * size.width, stride = stride_of(size, labels);
  const std::string text = description(set);
  Head head{};
  std::memcpy(head.magic, kMagic, sizeof kMagic);
  head.version = kVersion;
  head.flags = labels ? kHasLabels : 0;
  head.count = uint64_t(set.size());
  head.height = uint32_t(size.height), head.width = uint32_t(size.width);
  head.description_bytes = text.size();
  head.records_at = uint64_t(round_up(kHeadBytes + int64_t(text.size()), kRecordsAlign));
  head.stride = uint64_t(stride);
  head.description_crc = crc32c(text.data(), text.size());
  head.head_crc = checksum(head);

  AtomicFile file(path);
  file.write(&head, sizeof head);
  file.write(text);
  file.write(std::string(head.records_at - sizeof head - text.size(), '\0'));

  constexpr int64_t kAtOnce = 16;
  struct Slot {
    ExampleBuffer buffer;
    Resizer resizer;
    std::vector<uint8_t> record;
  };
  std::vector<Slot> slots;
  slots.resize(size_t(std::min(kAtOnce, set.size())));
  const Window whole{0, 0, size.height, size.width};
  const auto work = [&](int64_t i, int64_t at) {
    Slot& slot = slots[size_t(at)];
    const Example e = set.read(i, slot.buffer);
    slot.record.assign(size_t(stride), 0);
    uint8_t* record = slot.record.data();
    slot.resizer.antialias(e.image, size.height, size.width, whole, record, size.width * 3);
    if (labels) slot.resizer.nearest(e.label, size.height, size.width, whole, nullptr, record + px * 3, size.width);
    const uint32_t crc = crc32c(record, size_t(stride) - 4);
    std::memcpy(record + stride - 4, &crc, 4);
  };
  ordered_work(set.size(), int64_t(slots.size()), work, [&](int64_t i, int64_t at) {
    file.write(slots[size_t(at)].record.data(), size_t(stride));
    if (progress) progress(i + 1, set.size());
  });
  file.commit();
}

}  // namespace segue::data
