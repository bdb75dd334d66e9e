// Which example every sample of a run is made of: a function of the sample's number, so that a run goes on anywhere.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data_set.h"
#include "kernels/philox.h"
#include "label_counts.h"

namespace segue::data {

/// The example of one sample.
struct Draw {
  int64_t set = 0;      ///< of the mix
  int64_t example = 0;  ///< of the set
  int rare_class = -1;  ///< it was chosen because it has this class; -1: in its turn
};

struct SamplerOptions {
  RandomKey key;                     ///< of the order; the call after it is that of rare classes
  double rare_temperature = 0;       ///< T of rare-class sampling, for labelled sets; 0: none
  double rare_least_share = 1.5e-3;  ///< of its px that an image must have of a class to be drawn for it
};

/// Number p of 0 .. size-1 in the random order of one epoch: a bijection for every (key, epoch).
int64_t shuffled(RandomKey key, uint64_t epoch, int64_t size, int64_t p);

/// The chance of each class in rare-class sampling: softmax of (1 - f)/T over classes that `possible` allows; others 0.
/// Source: Hoyer et al. 2022, DAFormer, arXiv:2111.14887, eq. 7.
std::vector<double> rare_class_chances(const std::vector<double>& frequencies, double temperature,
                                       const std::vector<bool>& possible);

/// Draws from a mix of sets. Among any first n samples, set k has n share_k of them to within the number of sets. A
/// set's examples come in a new random order each epoch, every one once. With rare-class sampling a labelled set draws a
/// class instead, then one of the examples that have enough of it, all alike.
class Sampler {
 public:
  /// `counts`: of every labelled set, if rare_temperature > 0. Throws invalid_argument for shares that do not add up to 1,
  /// sets without examples, or missing counts; data if no class of a set is found often enough.
  Sampler(std::vector<DataShare> mix, const SamplerOptions& options,
          const std::vector<std::shared_ptr<const LabelCounts>>& counts = {});

  /// Sample number n >= 0 of the run.
  Draw draw(int64_t n) const;
  const DataSet& set(int64_t k) const { return *mix_[size_t(k)].set; }
  int64_t sets() const { return int64_t(mix_.size()); }
  /// Examples of all sets.
  int64_t examples() const;

 private:
  /// Of one set: class c has the examples members[first[c] .. first[c+1]), drawn for u32 values below limit[c].
  struct Rare {
    std::vector<uint64_t> limit;
    std::vector<int64_t> first, members;
  };

  Rare rare_of(const LabelCounts& counts, const DataSet& set) const;

  std::vector<DataShare> mix_;
  std::vector<uint64_t> part_;  // of what the sets before leave, in units of 2^-62
  SamplerOptions options_;
  std::vector<Rare> rare_;  // empty: none
};

}  // namespace segue::data
