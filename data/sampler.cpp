#include "sampler.h"

#include <algorithm>
#include <cmath>

#include "kernels/error.h"

namespace segue::data {
namespace {

constexpr int kShareBits = 62;
__extension__ typedef unsigned __int128 Wide;

/// How many of the first m samples are of a set with this share.
int64_t taken(int64_t m, uint64_t part) {
  return int64_t((Wide(m) * part + (Wide(1) << (kShareBits - 1))) >> kShareBits);
}

RandomKey next_call(RandomKey key) { return {key.seed, key.call + 1}; }

}  // namespace

// A Feistel network over the next power of four, walked until it is back inside: no table to keep or to rebuild.
int64_t shuffled(RandomKey key, uint64_t epoch, int64_t size, int64_t p) {
  constexpr uint64_t kRounds = 8;
  uint32_t half_bits = 1;
  while ((int64_t(1) << (2 * half_bits)) < size) ++half_bits;
  const uint64_t mask = (uint64_t(1) << half_bits) - 1;
  auto v = uint64_t(p);
  do {
    uint64_t left = v >> half_bits, right = v & mask;
    for (uint64_t round = 0; round < kRounds; ++round) {
      const uint64_t mixed = left ^ (random_quad(key, epoch, right << 8 | round).v[0] & mask);
      left = right, right = mixed;
    }
    v = left << half_bits | right;
  } while (v >= uint64_t(size));
  return int64_t(v);
}

std::vector<double> rare_class_chances(const std::vector<double>& frequencies, double temperature,
                                       const std::vector<bool>& possible) {
  double least = 2;  // the rarest of them
  for (size_t c = 0; c < frequencies.size(); ++c)
    if (possible[c]) least = std::min(least, frequencies[c]);
  std::vector<double> chances(frequencies.size(), 0.0);
  double total = 0;
  for (size_t c = 0; c < chances.size(); ++c)
    if (possible[c]) total += chances[c] = std::exp((least - frequencies[c]) / temperature);
  if (total > 0)
    for (double& v : chances) v /= total;
  return chances;
}

Sampler::Sampler(std::vector<DataShare> mix, const SamplerOptions& options,
                 const std::vector<std::shared_ptr<const LabelCounts>>& counts)
    : mix_(std::move(mix)), options_(options) {
  require(!mix_.empty(), "sampler", "expects a data set");
  require(options.rare_temperature >= 0 && options.rare_least_share >= 0, "sampler",
          "expects a temperature and a least share of 0 or more; got ", options.rare_temperature, " and ",
          options.rare_least_share);
  double left = 0;
  for (const DataShare& s : mix_) {
    require(s.set && s.set->size() >= 1 && s.share > 0, "sampler", "expects sets with examples and shares above 0");
    left += s.share;
  }
  require(std::abs(left - 1) < 1e-6, "sampler", "expects shares that add up to 1; got ", left);
  for (const DataShare& s : mix_) {
    part_.push_back(uint64_t(std::min(1.0, s.share / left) * double(uint64_t(1) << kShareBits)));
    left = std::max(left - s.share, 1e-300);
  }
  if (options.rare_temperature <= 0) return;
  rare_.resize(mix_.size());
  for (size_t k = 0; k < mix_.size(); ++k) {
    if (!mix_[k].set->labelled()) continue;
    require(k < counts.size() && counts[k] && counts[k]->examples() == mix_[k].set->size(), "sampler",
            "expects the label counts of each labelled set for rare-class sampling");
    rare_[k] = rare_of(*counts[k], *mix_[k].set);
  }
}

Sampler::Rare Sampler::rare_of(const LabelCounts& counts, const DataSet& set) const {
  Rare rare;
  rare.first.push_back(0);
  std::vector<bool> possible;
  for (int64_t c = 0; c < counts.classes; ++c) {
    for (int64_t i = 0; i < counts.examples(); ++i) {
      const int64_t px = counts.of(i, c);
      if (px > 0 && double(px) >= options_.rare_least_share * double(counts.all[size_t(i)])) rare.members.push_back(i);
    }
    possible.push_back(int64_t(rare.members.size()) > rare.first.back());
    rare.first.push_back(int64_t(rare.members.size()));
  }
  if (rare.members.empty())
    fail(Fault::data, "sampler", "rare-class sampling finds no example with ", 100 * options_.rare_least_share,
         " % of any class in the set of ", set.origin(0));
  double sum = 0;
  const std::vector<double> chances = rare_class_chances(counts.frequencies(), options_.rare_temperature, possible);
  for (const double chance : chances) rare.limit.push_back(uint64_t(std::min(1.0, sum += chance) * 4294967296.0));
  for (size_t c = chances.size(); c-- > 0;) {  // the last that is possible takes what rounding has left
    rare.limit[c] = uint64_t(1) << 32;
    if (possible[c]) break;
  }
  return rare;
}

Draw Sampler::draw(int64_t n) const {
  size_t k = 0;
  int64_t position = n;  // among the samples of the sets from k on
  for (; k + 1 < mix_.size(); ++k) {
    const int64_t before = taken(position, part_[k]);
    if (taken(position + 1, part_[k]) > before) {
      position = before;
      break;
    }
    position -= before;
  }
  Draw d{.set = int64_t(k)};
  if (rare_.empty() || rare_[k].members.empty()) {
    const int64_t size = mix_[k].set->size();
    const RandomKey key{options_.key.seed ^ (uint64_t(k) << 48), options_.key.call};
    d.example = shuffled(key, uint64_t(position / size), size, position % size);
    return d;
  }
  const Rare& rare = rare_[k];
  const Philox4 r = random_quad(next_call(options_.key), 0, uint64_t(n));
  const auto c = std::upper_bound(rare.limit.begin(), rare.limit.end(), uint64_t(r.v[0])) - rare.limit.begin();
  const int64_t first = rare.first[size_t(c)], count = rare.first[size_t(c) + 1] - first;
  d.rare_class = int(c);
  d.example = rare.members[size_t(first + int64_t(uint64_t(r.v[1]) * uint64_t(count) >> 32))];
  return d;
}

int64_t Sampler::examples() const {
  int64_t n = 0;
  for (const DataShare& s : mix_) n += s.set->size();
  return n;
}

}  // namespace segue::data
