#include "safetensors_header.h"

#include <algorithm>

#include "json.h"
#include "kernels/error.h"
#include "text.h"

namespace segue {
namespace {

constexpr const char* kMetadata = "__metadata__";

/// Takes the parser's events, so that what does not belong into a header is refused where it stands, and a file of a
/// million brackets costs nothing. A field of a tensor that the format does not know is skipped, as the reference does.
class HeaderEvents : public JsonEvents {
 public:
  explicit HeaderEvents(SafeTensorsHeader& header) : header_(header) {}
  const std::string& problem() const { return problem_; }

  bool null() override {
    if (at_ == At::metadata) return at_ = At::names, true;
    return scalar("null");
  }
  bool boolean(bool) override { return scalar("a boolean"); }
  bool negative(int64_t) override { return scalar("a negative number"); }
  bool number(double) override { return scalar("a number that is not an integer of 64 bits"); }
  bool count(uint64_t n) override {
    if (at_ == At::in_shape) return tensor().shape.push_back(n), true;
    if (at_ == At::in_offsets && offsets_ < 2) return (offsets_++ ? tensor().end : tensor().begin) = n, true;
    return scalar("a number");
  }
  bool string(std::string& text) override {
    if (at_ == At::metadata_value) {
      header_.metadata[key_] = std::move(text);
      return at_ = At::in_metadata, true;
    }
    if (at_ != At::dtype) return scalar("a string");
    for (int t = 0; t < kStoredTypes; ++t) {
      if (text != name_of(StoredType(t))) continue;
      tensor().type = StoredType(t);
      return at_ = At::in_tensor, true;
    }
    return refuse(cat("tensor ", quote(tensor().name), " has the unknown type ", quote(text, 40)));
  }

  bool start_object() override {
    switch (at_) {
      case At::start: return at_ = At::names, true;
      case At::metadata: return at_ = At::in_metadata, true;
      case At::tensor: fields_ = 0; return at_ = At::in_tensor, true;
      case At::skip: return ++depth_, true;
      default: return refuse_value("an object");
    }
  }
  bool key(std::string& name) override {
    switch (at_) {
      case At::names:
        if (name == kMetadata) {
          if (seen_metadata_) return refuse("__metadata__ is given twice");
          return seen_metadata_ = true, at_ = At::metadata, true;
        }
        header_.tensors.emplace_back();
        tensor().name = std::move(name);
        return at_ = At::tensor, true;
      case At::in_metadata:
        if (header_.metadata.count(name)) return refuse(cat("metadata ", quote(name), " is given twice"));
        key_ = std::move(name);
        return at_ = At::metadata_value, true;
      case At::in_tensor: return field(name);
      default: return true;  // inside a value that is skipped
    }
  }
  bool end_object() override {
    switch (at_) {
      case At::in_metadata: return at_ = At::names, true;
      case At::in_tensor:
        if (fields_ != kAllFields)
          return refuse(cat("tensor ", quote(tensor().name), " expects dtype, shape and data_offsets; one is missing"));
        return at_ = At::names, true;
      case At::skip: return leave();
      default: return at_ = At::done, true;
    }
  }
  bool start_array() override {
    switch (at_) {
      case At::shape: return at_ = At::in_shape, true;
      case At::offsets: offsets_ = 0; return at_ = At::in_offsets, true;
      case At::skip: return ++depth_, true;
      default: return refuse_value("an array");
    }
  }
  bool end_array() override {
    if (at_ == At::skip) return leave();
    if (at_ == At::in_offsets && offsets_ != 2)
      return refuse(cat("tensor ", quote(tensor().name), " expects two data_offsets; got ", offsets_));
    return at_ = At::in_tensor, true;
  }
  bool broken(size_t byte) override { return refuse(cat("not valid JSON at byte ", byte)); }

 private:
  enum class At {
    start,
    names,
    metadata,
    in_metadata,
    metadata_value,
    tensor,
    in_tensor,
    dtype,
    shape,
    in_shape,
    offsets,
    in_offsets,
    skip,
    done
  };
  static constexpr unsigned kDtype = 1, kShape = 2, kOffsets = 4, kAllFields = 7;

  StoredTensor& tensor() { return header_.tensors.back(); }

  bool field(const std::string& name) {
    const unsigned bit = name == "dtype" ? kDtype : name == "shape" ? kShape : name == "data_offsets" ? kOffsets : 0;
    if (fields_ & bit) return refuse(cat("tensor ", quote(tensor().name), " gives ", name, " twice"));
    fields_ |= bit;
    depth_ = 0;
    at_ = bit == kDtype ? At::dtype : bit == kShape ? At::shape : bit == kOffsets ? At::offsets : At::skip;
    return true;
  }
  /// A value without parts: only right where it is skipped.
  bool scalar(const char* what) {
    if (at_ != At::skip) return refuse_value(what);
    if (depth_ == 0) at_ = At::in_tensor;
    return true;
  }
  bool leave() {
    if (--depth_ == 0) at_ = At::in_tensor;
    return true;
  }
  bool refuse_value(const char* got) {
    switch (at_) {
      case At::start: return refuse(cat("expects an object of tensors; got ", got));
      case At::metadata: return refuse(cat("__metadata__ expects an object of strings; got ", got));
      case At::metadata_value: return refuse(cat("metadata ", quote(key_), " expects a string; got ", got));
      case At::tensor: return refuse(cat("tensor ", quote(tensor().name), " expects an object; got ", got));
      case At::dtype: return refuse(cat("dtype of tensor ", quote(tensor().name), " expects a string; got ", got));
      case At::shape:
      case At::in_shape:
        return refuse(cat("shape of tensor ", quote(tensor().name), " expects an array of counts; got ", got));
      default:
        return refuse(cat("data_offsets of tensor ", quote(tensor().name), " expects two byte positions; got ", got));
    }
  }
  bool refuse(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
    return false;
  }

  SafeTensorsHeader& header_;
  At at_ = At::start;
  unsigned fields_ = 0;
  int offsets_ = 0;
  size_t depth_ = 0;
  bool seen_metadata_ = false;
  std::string key_, problem_;
};

}  // namespace

std::string read_header(std::string_view text, SafeTensorsHeader& header) {
  // The library skips a byte-order mark; the format has none.
  if (text.substr(0, 3) == "\xEF\xBB\xBF") return "expects an object of tensors; got a byte-order mark";
  HeaderEvents events(header);
  if (!parse_json(text, events)) return events.problem().empty() ? "not valid JSON" : events.problem();
  // The reference keeps the last of two equal names; which tensor is meant must not depend on the reader.
  std::vector<const std::string*> names;
  names.reserve(header.tensors.size());
  for (const StoredTensor& t : header.tensors) names.push_back(&t.name);
  std::sort(names.begin(), names.end(), [](auto* a, auto* b) { return *a < *b; });
  const auto same = std::adjacent_find(names.begin(), names.end(), [](auto* a, auto* b) { return *a == *b; });
  return same == names.end() ? "" : cat("tensor ", quote(**same), " is given twice");
}

std::string write_header(const std::vector<StoredTensor>& tensors, const std::map<std::string, std::string>& metadata) {
  std::string text = "{";
  const auto member = [&](const std::string& name) { text += (text.size() > 1 ? "," : "") + json_string(name) + ":"; };
  if (!metadata.empty()) {
    member(kMetadata);
    Json notes = Json::object();
    for (const auto& [key, value] : metadata) notes.set(key, value);
    text += notes.dump();
  }
  for (const StoredTensor& t : tensors) {
    member(t.name);
    std::string shape;
    for (const uint64_t extent : t.shape) shape += (shape.empty() ? "" : ",") + std::to_string(extent);
    text += cat("{\"dtype\":\"", name_of(t.type), "\",\"shape\":[", shape, "],\"data_offsets\":[", t.begin, ",", t.end,
                "]}");
  }
  return text + "}";
}

}  // namespace segue
