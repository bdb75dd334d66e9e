#include "safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>
#include <tuple>

#include "atomic_file.h"
#include "kernels/error.h"
#include "safetensors_header.h"
#include "text.h"

namespace segue {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian, and are not swapped");

constexpr uint64_t kLengthBytes = 8;
constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the reference reader's limit

struct TypeRow {
  const char* name;
  int bits;
  bool supported;
};
constexpr TypeRow kTypes[kStoredTypes] = {
    {"BOOL", 8, true},     {"F4", 4, false},          {"F6_E2M3", 6, false},     {"F6_E3M2", 6, false},
    {"U8", 8, true},       {"I8", 8, false},          {"F8_E5M2", 8, false},     {"F8_E4M3", 8, false},
    {"F8_E8M0", 8, false}, {"F8_E4M3FNUZ", 8, false}, {"F8_E5M2FNUZ", 8, false}, {"I16", 16, false},
    {"U16", 16, false},    {"F16", 16, true},         {"BF16", 16, true},        {"I32", 32, true},
    {"U32", 32, false},    {"F32", 32, true},         {"C64", 64, false},        {"F64", 64, true},
    {"I64", 64, true},     {"U64", 64, false},
};

/// Checked products: false on overflow.
bool multiply(uint64_t& n, uint64_t by) { return !__builtin_mul_overflow(n, by, &n); }

bool elements(const std::vector<uint64_t>& shape, uint64_t& n) {
  n = 1;
  return std::all_of(shape.begin(), shape.end(), [&](uint64_t extent) { return multiply(n, extent); });
}

/// What a file that is no safetensors file may be.
std::string hint(const std::byte* file, size_t bytes) {
  const auto starts = [&](std::string_view magic) {
    return bytes >= magic.size() && std::memcmp(file, magic.data(), magic.size()) == 0;
  };
  if (starts("PK\x03\x04") || starts("\x80\x02\x8a\x0a"))
    return "; this looks like a PyTorch file: save its state_dict with safetensors.torch.save_file";
  if (starts("version https://git-lfs")) return "; this is a Git LFS pointer, not the file itself: run git lfs pull";
  return "";
}

}  // namespace

const char* name_of(StoredType t) { return kTypes[size_t(t)].name; }
int64_t bits_of(StoredType t) { return kTypes[size_t(t)].bits; }
bool is_supported(StoredType t) { return kTypes[size_t(t)].supported; }

std::string shape_text(const std::vector<uint64_t>& shape) {
  constexpr size_t kMost = 8;
  std::string text = "[";
  for (size_t i = 0; i < std::min(shape.size(), kMost); ++i) text += (i ? "," : "") + std::to_string(shape[i]);
  if (shape.size() > kMost) text += cat(",... ", shape.size(), " extents");
  return text + "]";
}

SafeTensors::SafeTensors(const std::string& path) : path_(path), mapped_(std::make_unique<MappedFile>(path)) {
  parse(mapped_->data(), mapped_->bytes());
}

SafeTensors::SafeTensors(const std::string& name, const void* file, size_t bytes) : path_(name) {
  parse(static_cast<const std::byte*>(file), bytes);
}

const StoredTensor* SafeTensors::find(const std::string& name) const {
  const auto it = std::lower_bound(by_name_.begin(), by_name_.end(), name,
                                   [&](uint32_t i, const std::string& n) { return tensors_[i].name < n; });
  return it != by_name_.end() && tensors_[*it].name == name ? &tensors_[*it] : nullptr;
}

void SafeTensors::parse(const std::byte* file, size_t bytes) {
  const auto refuse = [&](const char* check, const auto&... what) {
    throw Error(Fault::data, cat("weights ", quote(path_), ": ", what..., " (", check, ")"));
  };
  file_bytes_ = bytes;
  if (bytes < kLengthBytes)
    refuse("HeaderTooSmall", "expects a safetensors file of 8 bytes or more; got ", bytes, hint(file, bytes));
  uint64_t length = 0;
  std::memcpy(&length, file, kLengthBytes);
  if (length > kMaxHeaderBytes)
    refuse("HeaderTooLarge", "expects a header of at most ", kMaxHeaderBytes, " bytes; the file names ", length,
           hint(file, bytes));
  if (length > bytes - kLengthBytes)
    refuse("InvalidHeaderLength", "the header takes ", length, " bytes, the file has ", bytes - kLengthBytes,
           " behind its length; it may be cut short", hint(file, bytes));
  const std::string_view text(reinterpret_cast<const char*>(file) + kLengthBytes, size_t(length));
  if (!is_utf8(text)) refuse("InvalidHeader", "expects a header of UTF-8 text", hint(file, bytes));

  SafeTensorsHeader header;
  const std::string problem = read_header(text, header);
  if (!problem.empty()) refuse("InvalidHeaderDeserialization", "header: ", problem);
  tensors_ = std::move(header.tensors);
  metadata_ = std::move(header.metadata);

  std::sort(tensors_.begin(), tensors_.end(), [](const StoredTensor& a, const StoredTensor& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  uint64_t last_end = 0;
  for (const StoredTensor& t : tensors_) {
    if (t.begin != last_end || t.end < t.begin)
      refuse("InvalidOffset", "tensor ", quote(t.name), " expects bytes from ", last_end, " on; got ", t.begin, " to ",
             t.end);
    last_end = t.end;
    uint64_t size = 0;
    if (!elements(t.shape, size) || !multiply(size, uint64_t(bits_of(t.type))))
      refuse("ValidationOverflow", "tensor ", quote(t.name), " of shape ", shape_text(t.shape),
             " has more elements than 64 bits can count");
    if (size % 8 != 0)
      refuse("MisalignedSlice", "tensor ", quote(t.name), " of type ", name_of(t.type), " ends inside a byte");
    if (t.end - t.begin != size / 8)
      refuse("TensorInvalidInfo", "tensor ", quote(t.name), ", ", name_of(t.type), " ", shape_text(t.shape),
             ", expects ", size / 8, " bytes; got ", t.end - t.begin);
  }
  const uint64_t there = bytes - kLengthBytes - length;
  if (last_end != there)
    refuse("MetadataIncompleteBuffer", "the tensors take ", last_end, " bytes, the file has ", there,
           last_end > there ? ": it is cut short" : ": something follows them");
  for (const StoredTensor& t : tensors_)
    if (!is_supported(t.type))
      refuse("UnsupportedType", "tensor ", quote(t.name), " is ", name_of(t.type),
             "; segue reads F32, F16, BF16, F64, I64, I32, U8 and BOOL");

  data_ = file + kLengthBytes + length;
  by_name_.resize(tensors_.size());
  std::iota(by_name_.begin(), by_name_.end(), 0u);
  std::sort(by_name_.begin(), by_name_.end(),
            [&](uint32_t a, uint32_t b) { return tensors_[a].name < tensors_[b].name; });
}

void write_safetensors(const std::string& path, const std::vector<TensorSource>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  constexpr const char* kWhere = "write_safetensors";
  std::vector<const TensorSource*> order;
  order.reserve(tensors.size());
  for (const TensorSource& t : tensors) order.push_back(&t);
  std::sort(order.begin(), order.end(), [](const TensorSource* a, const TensorSource* b) {
    return a->type != b->type ? a->type > b->type : a->name < b->name;
  });

  std::vector<StoredTensor> stored;
  std::vector<std::string> names;
  uint64_t end = 0, largest_fill = 0;
  for (const TensorSource* t : order) {
    uint64_t size = 0;
    require(is_supported(t->type), kWhere, "expects a supported type for ", quote(t->name), "; got ", name_of(t->type));
    require(is_utf8(t->name) && t->name != "__metadata__", kWhere, "expects a name in UTF-8 for a tensor; got ",
            quote(t->name));
    require(elements(t->shape, size) && multiply(size, uint64_t(bits_of(t->type) / 8)), kWhere, "tensor ",
            quote(t->name), " of shape ", shape_text(t->shape), " is too large");
    require(size == 0 || t->data || t->fill, kWhere, "expects data or fill for ", quote(t->name), "; got neither");
    if (!t->data && t->fill) largest_fill = std::max(largest_fill, size);
    stored.push_back({t->name, t->type, t->shape, end, end + size});
    names.push_back(t->name);
    end += size;
  }
  std::sort(names.begin(), names.end());
  const auto same = std::adjacent_find(names.begin(), names.end());
  require(same == names.end(), kWhere, "expects different names; got ", quote(same == names.end() ? "" : *same),
          " twice");
  for (const auto& [key, value] : metadata)
    require(is_utf8(key) && is_utf8(value), kWhere, "expects metadata in UTF-8; got ", quote(key), " = ", quote(value));

  std::string header = write_header(stored, metadata);
  header.resize((header.size() + 7) / 8 * 8, ' ');
  require(header.size() <= kMaxHeaderBytes, kWhere, "expects a header of at most ", kMaxHeaderBytes, " bytes; got ",
          header.size());

  AtomicFile file(path);
  const uint64_t length = header.size();
  file.write(&length, sizeof length);
  file.write(header);
  std::vector<std::byte> buffer(static_cast<size_t>(largest_fill));
  for (size_t i = 0; i < order.size(); ++i) {
    const size_t size = size_t(stored[i].bytes());
    if (size == 0) continue;
    if (!order[i]->data) order[i]->fill(buffer.data());
    file.write(order[i]->data ? order[i]->data : buffer.data(), size);
  }
  file.commit();
}

}  // namespace segue
