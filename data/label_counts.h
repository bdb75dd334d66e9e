// How many pixels of every class each example of a data set has.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "data_set.h"

namespace segue::data {

struct LabelCounts {
  int64_t classes = 0;
  std::vector<int64_t> px;   ///< (examples, classes) of each class
  std::vector<int64_t> all;  ///< (examples) of the whole label, ignored ones too

  int64_t examples() const { return int64_t(all.size()); }
  int64_t of(int64_t example, int64_t c) const { return px[size_t(example * classes + c)]; }
  /// Of each class, over all examples; they add up to 1 unless nothing is labelled.
  std::vector<double> frequencies() const;
};

/// Examples that have been counted, and how many there are. Called by one thread at a time.
using CountProgress = std::function<void(int64_t done, int64_t all)>;

/// Reads all labels of a set, on `threads` threads of its own. Train ids from `classes` on count as ignored. Throws what
/// DataSet::read throws (the first example in order, if there are several), data for a set that is not labelled.
LabelCounts count_labels(const DataSet& set, int64_t classes, int threads, const CountProgress& progress = {});

/// The same from the file, if it holds the counts of just this set and number of classes; else counts, and writes the
/// file (empty: none). The file is safetensors.
std::shared_ptr<const LabelCounts> label_counts(const DataSet& set, int64_t classes, int threads,
                                                const std::string& path, const CountProgress& progress = {});

/// "2975 examples 8f3a66c1": tells sets apart by the names of their examples.
std::string set_fingerprint(const DataSet& set);

}  // namespace segue::data
