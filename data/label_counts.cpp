#include "label_counts.h"

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>

#include "byte_counts.h"
#include "kernels/error.h"
#include "runtime/crc32c.h"
#include "runtime/safetensors.h"

namespace segue::data {
namespace {

void count_example(const DataSet& set, int64_t i, ExampleBuffer& buffer, LabelCounts& counts) {
  const Example e = set.read_label(i, buffer);
  if (!e.label || !e.table) fail(Fault::data, "label_counts", "expects a label of ", set.origin(i));
  const ByteCounts bytes = count_bytes(e.label.px, e.label.height, e.label.width, e.label.width);
  int64_t* const px = &counts.px[size_t(i * counts.classes)];
  for (size_t id = 0; id < bytes.size(); ++id)
    if (const int64_t c = (*e.table)[id]; c < counts.classes) px[c] += bytes[id];
  counts.all[size_t(i)] = e.label.height * e.label.width;
}

LabelCounts zeros(int64_t examples, int64_t classes) {
  LabelCounts counts;
  counts.classes = classes;
  counts.px.assign(size_t(examples * classes), 0);
  counts.all.assign(size_t(examples), 0);
  return counts;
}

// The counts in a file, if it is one, and of this set.
std::shared_ptr<const LabelCounts> stored_counts(const std::string& path, const DataSet& set, int64_t classes,
                                                 const std::string& fingerprint) {
  if (!std::filesystem::is_regular_file(path)) return nullptr;
  const SafeTensors file(path);
  const auto note = file.metadata().find("set");
  if (note == file.metadata().end() || note->second != fingerprint) return nullptr;
  auto counts = std::make_shared<LabelCounts>(zeros(set.size(), classes));
  const auto read = [&file](const char* name, std::vector<uint64_t> shape, std::vector<int64_t>& to) {
    const StoredTensor* t = file.find(name);
    if (!t || t->type != StoredType::I64 || t->shape != shape) return false;
    std::memcpy(to.data(), file.data(*t), t->bytes());
    return std::all_of(to.begin(), to.end(), [](int64_t n) { return n >= 0; });
  };
  const auto n = uint64_t(set.size());
  if (!read("px", {n, uint64_t(classes)}, counts->px) || !read("all", {n}, counts->all)) return nullptr;
  return counts;
}

}  // namespace

std::vector<double> LabelCounts::frequencies() const {
  std::vector<double> f(size_t(classes), 0.0);
  double total = 0;
  for (size_t i = 0; i < px.size(); ++i) {
    f[i % f.size()] += double(px[i]);
    total += double(px[i]);
  }
  if (total > 0)
    for (double& v : f) v /= total;
  return f;
}

LabelCounts count_labels(const DataSet& set, int64_t classes, int threads, const CountProgress& progress) {
  require(classes >= 1 && classes <= 255 && threads >= 1, "label_counts", "expects 1 to 255 classes and a thread; got ",
          classes, " and ", threads);
  const int64_t n = set.size();
  LabelCounts counts = zeros(n, classes);
  std::mutex mutex;
  int64_t next = 0, done = 0, failed = n;
  std::optional<Error> error;
  const auto work = [&] {
    ExampleBuffer buffer;
    std::unique_lock lock(mutex);
    while (next < n && !error) {
      const int64_t i = next++;
      lock.unlock();
      std::optional<Error> mine;
      try {
        count_example(set, i, buffer, counts);
      } catch (const Error& e) {
        mine = e;
      } catch (const std::exception& e) {
        mine = Error(Fault::internal, cat("[label_counts] ", set.origin(i), ": ", e.what()));
      }
      lock.lock();
      if (mine && i < failed) failed = i, error = mine;  // examples are begun in order: none before it is missing
      if (++done; progress && !error) progress(done, n);
    }
  };
  {
    std::vector<std::jthread> pool;
    for (int t = 1; t < std::min<int64_t>(threads, n); ++t) pool.emplace_back(work);
    work();
  }
  if (error) throw Error(*error);
  return counts;
}

std::shared_ptr<const LabelCounts> label_counts(const DataSet& set, int64_t classes, int threads,
                                                const std::string& path, const CountProgress& progress) {
  const std::string fingerprint = path.empty() ? "" : set_fingerprint(set);
  if (!path.empty())
    if (auto stored = stored_counts(path, set, classes, fingerprint)) return stored;
  auto counts = std::make_shared<LabelCounts>(count_labels(set, classes, threads, progress));
  if (!path.empty()) {
    const auto n = uint64_t(set.size());
    write_safetensors(path,
                      {{"px", StoredType::I64, {n, uint64_t(classes)}, counts->px.data()},
                       {"all", StoredType::I64, {n}, counts->all.data()}},
                      {{"set", fingerprint}});
  }
  return counts;
}

std::string set_fingerprint(const DataSet& set) {
  uint32_t sum = 0;
  for (int64_t i = 0; i < set.size(); ++i) {
    const std::string name = set.name(i);
    sum = crc32c(name.c_str(), name.size() + 1, sum);
  }
  char text[48];
  std::snprintf(text, sizeof text, "%lld examples %08x", static_cast<long long>(set.size()), unsigned(sum));
  return text;
}

}  // namespace segue::data
