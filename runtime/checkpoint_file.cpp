#include "checkpoint_file.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>
#include <unordered_map>

#include "memory.h"
#include "safetensors.h"
#include "stored_values.h"
#include "text.h"

namespace segue {
namespace {

constexpr size_t kMostNamed = 5;  // names in one message

bool ends_with(const std::string& name, const char* part) {
  const size_t n = std::strlen(part);
  return name.size() >= n && name.compare(name.size() - n, n, part) == 0;
}
bool is_optional(const std::string& name) { return ends_with(name, "num_batches_tracked"); }
bool is_norm_statistic(const std::string& name) {
  return ends_with(name, ".running_mean") || ends_with(name, ".running_var");
}

void check_tensors(const std::vector<NamedTensor>& tensors, const char* where) {
  std::set<std::string> names;
  for (const NamedTensor& t : tensors) {
    require(names.insert(t.name).second, where, "expects different names; got ", quote(t.name), " twice");
    require(t.view.dense() && (t.view || t.view.count() == 0), where, "expects dense tensors; got ", quote(t.name),
            " with channels ", t.view.channels(), " at pitch ", t.view.pitch);
    require(!t.filter || t.view.shape.dims() == 4, where, "expects filters of four extents; got ", quote(t.name),
            " of ", t.view.shape);
    require(stored_type(t.view.dtype) != nullptr, where, "expects f32, f64, i64, i32 or u8; ", quote(t.name), " is ",
            t.view.dtype);
  }
}

/// A view that the host can read and write: the view itself, or a copy where it lies on a device.
class HostCopy {
 public:
  View view;

  explicit HostCopy(const View& v) : view(v), original_(v) {
    if (!is_device_memory(v.data)) return;
    copy_.resize(size_t(v.bytes()));
    copy_memory(copy_.data(), v.data, copy_.size());
    view.data = copy_.data();
  }
  void write_back() const {
    if (view.data != original_.data) copy_memory(original_.data, view.data, copy_.size());
  }

 private:
  View original_;
  std::vector<std::byte> copy_;
};

/// (A,R,S,B) in memory, (A,B,R,S) on disk.
std::vector<uint64_t> stored_shape(const NamedTensor& t) {
  const Shape& s = t.view.shape;
  if (t.filter) return {uint64_t(s[0]), uint64_t(s[3]), uint64_t(s[1]), uint64_t(s[2])};
  std::vector<uint64_t> shape;
  for (int i = 0; i < s.dims(); ++i) shape.push_back(uint64_t(s[i]));
  return shape;
}

std::string name_list(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kMostNamed); ++i) text += (i ? ", " : "") + quote(names[i]);
  if (names.size() > kMostNamed) text += cat(" and ", names.size() - kMostNamed, " more");
  return text;
}

struct Match {
  const NamedTensor* to;
  const StoredTensor* from;
};

/// The matches and what is left over, by name.
struct Matching {
  std::vector<Match> matches;
  LoadReport report;
};

Matching match_names(const SafeTensors& file, const std::vector<NamedTensor>& tensors, const LoadOptions& options) {
  const std::string prefix = wrapper_prefix(file.tensors());
  std::unordered_map<std::string, const NamedTensor*> wanted;
  for (const NamedTensor& t : tensors) wanted[t.name] = &t;

  Matching m;
  std::set<const NamedTensor*> found;
  for (const StoredTensor& s : file.tensors()) {
    const std::string name = s.name.substr(prefix.size());
    const auto it = wanted.find(name);
    if (it != wanted.end()) {
      m.matches.push_back({it->second, &s});
      found.insert(it->second);
    } else if (!is_optional(name) && !(options.drop_norm_statistics && is_norm_statistic(name))) {
      m.report.unexpected.push_back(name);
    }
  }
  for (const NamedTensor& t : tensors)
    if (!found.count(&t) && !is_optional(t.name)) m.report.missing.push_back(t.name);
  return m;
}

[[noreturn]] void refuse(const SafeTensors& file, const std::string& what) {
  throw Error(Fault::data, cat("weights ", quote(file.path()), ": ", what));
}

void check_names(const SafeTensors& file, const Matching& m, bool strict) {
  const LoadReport& r = m.report;
  const bool complete = r.missing.empty() && r.unexpected.empty();
  if (complete || (!strict && !m.matches.empty())) return;
  std::string text = m.matches.empty() ? "no tensor fits the model" : "";
  const auto add = [&](const char* what, const std::vector<std::string>& names,
                       const std::vector<std::string>& others) {
    if (names.empty()) return;
    text += cat(text.empty() ? "" : "; ", what, ' ', names.size() == 1 ? "tensor" : "tensors", ' ', name_list(names));
    const std::string near = nearest(names[0], others);
    if (!near.empty()) text += cat(" (nearest to ", quote(names[0]), ": ", quote(near), ")");
  };
  add("the file lacks", r.missing, r.unexpected);
  add("the model has no", r.unexpected, r.missing);
  refuse(file, text.empty() ? "it holds no tensors" : text);
}

/// Checks shapes and types, takes mismatched tensors out of the matches if that is allowed.
void check_shapes(const SafeTensors& file, Matching& m, const LoadOptions& options) {
  std::vector<Match> good;
  std::string first;
  for (const Match& match : m.matches) {
    const std::vector<uint64_t> want = stored_shape(*match.to);
    const std::string& name = match.to->name;
    if (match.from->shape != want) {
      if (m.report.mismatched.empty()) {
        first = cat("tensor ", quote(name), " is ", shape_text(match.from->shape), ", model wants ", shape_text(want));
        // A head of another number of classes is by far the most common case.
        std::vector<uint64_t> tail = match.from->shape;
        if (tail.size() == want.size() && !want.empty() && name.find("classifier") != std::string::npos) {
          tail[0] = want[0];
          if (tail == want) first += cat(" (set model.classes = ", match.from->shape[0], ", or take another file)");
        }
      }
      m.report.mismatched.push_back(name);
      continue;
    }
    if (!can_read(match.from->type, match.to->view.dtype))
      refuse(file,
             cat("tensor ", quote(name), " is ", name_of(match.from->type), ", model wants ", match.to->view.dtype));
    if (!fits(file.data(*match.from), *match.from, match.to->view.dtype))
      refuse(file, cat("tensor ", quote(name), " is F64 and holds values that f32 cannot"));
    good.push_back(match);
  }
  const size_t others = m.report.mismatched.size();
  if (others > 0 && !options.skip_mismatched)
    refuse(file, first + (others > 1 ? cat("; ", others - 1, " more tensors differ in shape") : ""));
  if (good.empty() && others > 0) refuse(file, "no tensor fits the model: " + first);
  m.matches = std::move(good);
}

}  // namespace

std::string wrapper_prefix(const std::vector<StoredTensor>& stored) {
  for (const char* prefix : {"module.", "_orig_mod."}) {
    const auto has = [&](const StoredTensor& t) { return t.name.rfind(prefix, 0) == 0; };
    if (!stored.empty() && std::all_of(stored.begin(), stored.end(), has)) return prefix;
  }
  return "";
}

std::string LoadReport::summary() const {
  std::string text = cat(matched, matched == 1 ? " tensor" : " tensors", " matched");
  if (converted) text += cat(", ", converted, " of them converted to f32");
  if (!missing.empty()) text += cat(", ", missing.size(), " missing");
  if (!unexpected.empty()) text += cat(", ", unexpected.size(), " unexpected");
  if (!mismatched.empty()) text += cat(", ", mismatched.size(), " of another shape left as they were");
  return text;
}

void save_weights(const std::string& path, const std::vector<NamedTensor>& tensors,
                  std::map<std::string, std::string> metadata) {
  check_tensors(tensors, "save_weights");
  std::vector<TensorSource> sources;
  sources.reserve(tensors.size());
  for (const NamedTensor& t : tensors) {
    TensorSource source{t.name, *stored_type(t.view.dtype), stored_shape(t), t.view.data, nullptr};
    if (t.filter || is_device_memory(t.view.data)) {
      source.data = nullptr;
      source.fill = [&t](std::byte* packed) {
        const HostCopy copy(t.view);
        if (t.filter)
          filter_to_disk(copy.view, packed);
        else
          std::memcpy(packed, copy.view.data, size_t(copy.view.bytes()));
      };
    }
    sources.push_back(std::move(source));
  }
  // What loaders of the PyTorch world look for.
  metadata.emplace("format", "pt");
  write_safetensors(path, sources, metadata);
}

LoadReport load_weights(const std::string& path, const std::vector<NamedTensor>& tensors, const LoadOptions& options) {
  check_tensors(tensors, "load_weights");
  const SafeTensors file(path);
  Matching m = match_names(file, tensors, options);
  check_names(file, m, options.strict);
  check_shapes(file, m, options);
  for (const Match& match : m.matches) {
    const HostCopy copy(match.to->view);
    read_values(file.data(*match.from), *match.from, copy.view, match.to->filter);
    copy.write_back();
    m.report.matched++;
    if (match.to->view.dtype == DType::f32 && match.from->type != StoredType::F32) m.report.converted++;
  }
  m.report.metadata = file.metadata();
  return m.report;
}

}  // namespace segue
