// A data set in memory, for tests of what reads data sets.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "data/data_set.h"
#include "kernels/error.h"
#include "kernels/philox.h"

namespace segue::data {

/// Ids of label files -> train ids, for MemorySet: id 10 + c is class c < 5, all others are ignored.
inline const LabelTable& memory_table() {
  static const LabelTable table = [] {
    LabelTable t;
    t.fill(kIgnore);
    for (uint8_t c = 0; c < 5; ++c) t[10 + c] = c;
    return t;
  }();
  return table;
}

class MemorySet : public DataSet {
 public:
  struct Options {
    std::string name = "set";
    bool labelled = true;
    int delay_us = 0;  ///< of every read
  };
  struct Entry {
    Image image, label;
  };

  explicit MemorySet(const Options& options) : options_(options) {}

  /// `count` examples of random px, of sizes about height x width, with blocks of random ids from 8 to 15.
  static std::shared_ptr<MemorySet> random(int64_t count, int64_t height, int64_t width, const Options& options) {
    auto set = std::make_shared<MemorySet>(options);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t h = height + i % 3, w = width + i % 5;
      Entry e{Image(h, w, 3), Image(h, w, 1)};
      for (size_t j = 0; j < e.image.px.size(); ++j) e.image.px[j] = uint8_t(random_u32({uint64_t(i), 1}, 0, j) >> 24);
      for (int64_t y = 0; y < h; ++y)
        for (int64_t x = 0; x < w; ++x)
          e.label.row(y)[x] = uint8_t(8 + random_u32({uint64_t(i), 2}, uint64_t(y / 6), uint64_t(x / 7)) % 8);
      set->entries.push_back(std::move(e));
    }
    return set;
  }

  int64_t size() const override { return int64_t(entries.size()); }
  bool labelled() const override { return options_.labelled; }
  std::string name(int64_t i) const override { return options_.name + std::to_string(i); }
  std::string origin(int64_t i) const override { return "memory/" + name(i) + ".png"; }
  Example read(int64_t i, ExampleBuffer&) const override {
    ++reads;
    if (options_.delay_us) std::this_thread::sleep_for(std::chrono::microseconds(options_.delay_us));
    if (const auto fault = fault_of(i)) fault();
    const Entry& e = entries[size_t(i)];
    Example example{.image = e.image.view(), .label = {}, .table = nullptr};
    if (options_.labelled) example.label = e.label.view(), example.table = &memory_table();
    return example;
  }

  /// Makes reading example i throw what DataSet::read throws, or something else; also while others read.
  void break_file(int64_t i) {
    break_file(i, [what = origin(i)] { throw Error(Fault::data, what + ": expects a PNG; got 3 bytes"); });
  }
  void break_file(int64_t i, std::function<void()> fault) {
    const std::lock_guard lock(mutex_);
    faults_[i] = std::move(fault);
  }
  void mend() {
    const std::lock_guard lock(mutex_);
    faults_.clear();
  }

  std::vector<Entry> entries;
  mutable std::atomic<int64_t> reads = 0;

 private:
  std::function<void()> fault_of(int64_t i) const {
    const std::lock_guard lock(mutex_);
    const auto fault = faults_.find(i);
    return fault == faults_.end() ? nullptr : fault->second;
  }

  Options options_;
  mutable std::mutex mutex_;
  std::map<int64_t, std::function<void()>> faults_;
};

}  // namespace segue::data
