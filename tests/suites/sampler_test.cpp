// Which examples samples are made of, and the label counts that rare-class sampling goes by.
#include "data/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "data/held_out.h"
#include "tests/files.h"
#include "tests/memory_set.h"

namespace segue::data {
namespace {

std::shared_ptr<MemorySet> set_of(int64_t count, const std::string& name = "set", bool labelled = true) {
  return MemorySet::random(count, 12, 14, {.name = name, .labelled = labelled});
}

TEST(Shuffled, IsABijectionForEverySizeAndEpoch) {
  std::vector<int64_t> sizes(70);
  std::iota(sizes.begin(), sizes.end(), 1);
  sizes.insert(sizes.end(), {256, 257, 1000, 4097});
  for (const int64_t size : sizes)
    for (const uint64_t epoch : {uint64_t(0), uint64_t(1), uint64_t(77)}) {
      std::vector<int> seen(static_cast<size_t>(size));
      for (int64_t p = 0; p < size; ++p) {
        const int64_t v = shuffled({3, 5}, epoch, size, p);
        ASSERT_GE(v, 0);
        ASSERT_LT(v, size);
        ++seen[size_t(v)];
      }
      ASSERT_EQ(std::count(seen.begin(), seen.end(), 1), size);
    }
}

TEST(HeldOut, PartsOfASetInEqualSteps) {
  for (const int64_t size : {2, 3, 5, 10, 57})
    for (const double share : {0.01, 0.1, 1 / 3., 0.5, 0.9}) {
      const auto set = set_of(size);
      const auto [learned, held] = hold_out(set, share);
      ASSERT_GE(learned->size(), 1);
      ASSERT_GE(held->size(), 1);
      EXPECT_LE(std::abs(double(held->size()) - std::clamp(share * double(size), 1., double(size - 1))), 0.5);
      std::map<std::string, int64_t> places;
      for (int64_t i = 0; i < size; ++i) places[set->name(i)] = i;
      std::vector<int> seen(static_cast<size_t>(size));
      for (const auto& part : {learned, held}) {
        int64_t last = -1;
        for (int64_t i = 0; i < part->size(); ++i) {
          const int64_t place = places.at(part->name(i));
          EXPECT_GT(place, last) << "the order is that of the set";
          last = place;
          ++seen[size_t(place)];
          EXPECT_EQ(part->origin(i), set->origin(place));
          ExampleBuffer a, b;
          const Example x = part->read(i, a), y = set->read(place, b);
          EXPECT_TRUE(std::equal(x.image.px, x.image.px + x.image.bytes(), y.image.px));
          EXPECT_TRUE(std::equal(x.label.px, x.label.px + x.label.bytes(), y.label.px));
        }
      }
      EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), size);
      // Between two that are held out there are as many of the others everywhere, but for one.
      std::vector<int64_t> gaps;
      for (int64_t i = 1; i < held->size(); ++i) gaps.push_back(places[held->name(i)] - places[held->name(i - 1)]);
      if (!gaps.empty()) {
        EXPECT_LE(*std::max_element(gaps.begin(), gaps.end()) - *std::min_element(gaps.begin(), gaps.end()), 1);
      }
    }
  EXPECT_EQ(testing::caught([] { hold_out(set_of(1), 0.5); }).code, 2);
  EXPECT_EQ(testing::caught([] { hold_out(set_of(4), 1); }).code, 2);
}

TEST(Shuffled, OrdersAreRandomAndDifferByEpochSeedAndCall) {
  constexpr int64_t kSize = 1000;
  const auto order = [](RandomKey key, uint64_t epoch) {
    std::vector<int64_t> v;
    for (int64_t p = 0; p < kSize; ++p) v.push_back(shuffled(key, epoch, kSize, p));
    return v;
  };
  const auto a = order({1, 1}, 0);
  for (const auto& b : {order({1, 1}, 1), order({2, 1}, 0), order({1, 2}, 0)}) {
    int64_t same = 0;
    for (size_t i = 0; i < a.size(); ++i) same += a[i] == b[i];
    EXPECT_LT(same, 10);  // 1 expected
  }
  EXPECT_EQ(a, order({1, 1}, 0));
  // Each of 5 elements at each of 5 places equally often over the epochs: chi squared with 16 degrees of freedom.
  constexpr int64_t kEpochs = 4000;
  double counts[5][5] = {};
  for (uint64_t epoch = 0; epoch < kEpochs; ++epoch)
    for (int64_t p = 0; p < 5; ++p) ++counts[p][shuffled({9, 9}, epoch, 5, p)];
  double chi = 0;
  for (const auto& row : counts)
    for (const double n : row) chi += (n - kEpochs / 5.0) * (n - kEpochs / 5.0) / (kEpochs / 5.0);
  EXPECT_LT(chi, 40);  // p < 0.001
  EXPECT_GT(chi, 4);
}

TEST(Sampler, DrawsEveryExampleOnceAnEpoch) {
  const Sampler sampler({{1, set_of(13)}}, {.key = {4, 0}});
  std::vector<std::vector<int64_t>> epochs;
  for (int64_t epoch = 0; epoch < 5; ++epoch) {
    std::vector<int64_t> order;
    for (int64_t p = 0; p < 13; ++p) {
      const Draw d = sampler.draw(epoch * 13 + p);
      EXPECT_EQ(d.set, 0);
      EXPECT_EQ(d.rare_class, -1);
      order.push_back(d.example);
    }
    EXPECT_EQ(std::set<int64_t>(order.begin(), order.end()).size(), 13u);
    epochs.push_back(order);
  }
  EXPECT_EQ(std::set<std::vector<int64_t>>(epochs.begin(), epochs.end()).size(), 5u);
}

TEST(Sampler, KeepsSharesAndEpochsOfAMix) {
  for (const std::vector<double>& shares : {std::vector<double>{0.7, 0.2, 0.1},
                                            {1.0 / 3, 1.0 / 3, 1.0 / 3},
                                            {0.001, 0.899, 0.1},
                                            {0.5, 0.5},
                                            {2975.0 / 27941, 24966.0 / 27941}}) {
    std::vector<DataShare> mix;
    for (size_t k = 0; k < shares.size(); ++k) mix.push_back({shares[k], set_of(int64_t(3 + 4 * k))});
    const Sampler sampler(mix, {.key = {4, 0}});
    EXPECT_EQ(sampler.examples(), shares.size() == 2 ? 10 : 21);
    std::vector<std::vector<int64_t>> drawn(shares.size());
    for (int64_t n = 0; n < 20000; ++n) {
      const Draw d = sampler.draw(n);
      drawn[size_t(d.set)].push_back(d.example);
      for (size_t k = 0; k < shares.size(); ++k)
        ASSERT_LT(std::abs(double(drawn[k].size()) - double(n + 1) * shares[k]), double(shares.size())) << n;
    }
    for (size_t k = 0; k < shares.size(); ++k) {
      const size_t size = 3 + 4 * k;
      for (size_t p = 0; p + size <= drawn[k].size(); p += size)
        ASSERT_EQ(std::set<int64_t>(drawn[k].begin() + long(p), drawn[k].begin() + long(p + size)).size(), size);
    }
  }
  // Far into a run the shares are as good.
  const Sampler far({{0.7, set_of(3)}, {0.3, set_of(3)}}, {.key = {4, 0}});
  int64_t first = 0;
  for (int64_t n = 0; n < 1000; ++n) first += far.draw((int64_t(1) << 50) + n).set == 0;
  EXPECT_NEAR(double(first), 700, 2);
}

TEST(Sampler, RefusesWhatIsNoMix) {
  const auto set = set_of(3), empty = set_of(0);
  EXPECT_THROW(Sampler({}, {}), Error);
  EXPECT_THROW(Sampler({{1, empty}}, {}), Error);
  EXPECT_THROW(Sampler({{0.5, set}}, {}), Error);
  EXPECT_THROW(Sampler({{1, set}, {0, set}}, {}), Error);
  EXPECT_THROW(Sampler({{1, nullptr}}, {}), Error);
  EXPECT_THROW(Sampler({{1, set}}, {.key = {}, .rare_temperature = 0.01}), Error);  // without counts
}

TEST(RareClasses, ChancesFollowTheFormula) {
  const std::vector<double> f = {0.36, 0.2, 0.05, 0.001, 0.0004, 0.3886};
  for (const double t : {0.01, 0.1, 1.0}) {
    const auto chances = rare_class_chances(f, t, {true, true, true, true, false, true});
    double sum = 0;
    for (const size_t c : {0, 1, 2, 3, 5}) sum += std::exp((1 - f[c]) / t);
    for (const size_t c : {0, 1, 2, 3, 5}) EXPECT_NEAR(chances[c], std::exp((1 - f[c]) / t) / sum, 1e-12);
    EXPECT_EQ(chances[4], 0);
  }
  const auto tiny = rare_class_chances(f, 1e-6, {true, true, true, true, true, true});
  EXPECT_EQ(tiny[4], 1);
}

// Class c in example i: one px of ten times (c + i) / 10 or so; the rest is class 0.
std::shared_ptr<MemorySet> skewed_set() {
  auto set = std::make_shared<MemorySet>(MemorySet::Options{});
  for (int64_t i = 0; i < 8; ++i) {
    MemorySet::Entry e{Image(10, 100, 3), Image(10, 100, 1)};
    std::fill(e.label.px.begin(), e.label.px.end(), uint8_t(10));
    if (i == 2 || i == 5) std::fill_n(e.label.px.begin(), 40, uint8_t(11));
    if (i >= 3) std::fill_n(e.label.px.begin() + 500, 30, uint8_t(12));
    if (i == 7) e.label.px[999] = 13;                                     // too few
    if (i == 0) std::fill_n(e.label.px.begin() + 700, 100, uint8_t(99));  // ignored
    set->entries.push_back(std::move(e));
  }
  return set;
}

TEST(RareClasses, AreDrawnByTheirChancesFromExamplesThatHaveEnough) {
  const auto set = skewed_set();
  const auto counts = std::make_shared<const LabelCounts>(count_labels(*set, 5, 1));
  const double temperature = 0.5;
  const Sampler sampler({{1, set}}, {.key = {8, 0}, .rare_temperature = temperature, .rare_least_share = 0.02},
                        {counts});
  const auto chances = rare_class_chances(counts->frequencies(), temperature, {true, true, true, false, false});
  constexpr int64_t kDraws = 30000;
  double drawn[5][8] = {};
  for (int64_t n = 0; n < kDraws; ++n) {
    const Draw d = sampler.draw(n);
    ASSERT_GE(d.rare_class, 0);
    ++drawn[d.rare_class][d.example];
  }
  const std::set<int64_t> members[5] = {{0, 1, 2, 3, 4, 5, 6, 7}, {2, 5}, {3, 4, 5, 6, 7}, {}, {}};
  for (size_t c = 0; c < 5; ++c)
    for (int64_t i = 0; i < 8; ++i) {
      const double p = members[c].count(i) ? chances[c] / double(members[c].size()) : 0;
      EXPECT_NEAR(drawn[c][i], p * kDraws, 5 * std::sqrt(p * kDraws)) << c << " " << i;
    }
}

TEST(RareClasses, LeaveUnlabelledSetsInTheirTurn) {
  const auto set = skewed_set();
  const auto other = set_of(4, "real", false);
  const auto counts = std::make_shared<const LabelCounts>(count_labels(*set, 5, 1));
  const Sampler sampler({{0.5, set}, {0.5, other}}, {.key = {8, 0}, .rare_temperature = 0.01}, {counts, nullptr});
  std::vector<int64_t> turns(4);
  for (int64_t n = 0; n < 80; ++n) {
    const Draw d = sampler.draw(n);
    EXPECT_EQ(d.rare_class < 0, d.set == 1);
    if (d.set == 1) ++turns[size_t(d.example)];
  }
  EXPECT_EQ(turns, (std::vector<int64_t>{10, 10, 10, 10}));
}

TEST(RareClasses, ASetWithoutAnyIsAnError) {
  auto set = skewed_set();
  for (auto& e : set->entries) std::fill(e.label.px.begin(), e.label.px.end(), uint8_t(99));
  const auto counts = std::make_shared<const LabelCounts>(count_labels(*set, 5, 1));
  const auto error = testing::caught([&] { Sampler({{1, set}}, {.key = {}, .rare_temperature = 0.01}, {counts}); });
  EXPECT_EQ(error.code, 3);
  EXPECT_NE(error.what.find("memory/set0.png"), std::string::npos) << error.what;
}

TEST(LabelCounts, AreThoseOfEveryPixelForAnyNumberOfThreads) {
  const auto set = set_of(17);
  for (const int threads : {1, 2, 7, 40}) {
    int64_t last = 0;
    const LabelCounts counts = count_labels(*set, 4, threads, [&](int64_t done, int64_t all) {
      EXPECT_EQ(done, ++last);
      EXPECT_EQ(all, 17);
    });
    EXPECT_EQ(last, 17);
    ASSERT_EQ(counts.examples(), 17);
    std::vector<double> total(4);
    for (int64_t i = 0; i < 17; ++i) {
      int64_t want[4] = {};
      for (const uint8_t id : set->entries[size_t(i)].label.px)
        if (id >= 10 && id < 14) ++want[id - 10];  // class 4 is beyond the four that are asked for
      for (int64_t c = 0; c < 4; ++c) {
        EXPECT_EQ(counts.of(i, c), want[c]);
        total[size_t(c)] += double(want[c]);
      }
      EXPECT_EQ(counts.all[size_t(i)], int64_t(set->entries[size_t(i)].label.px.size()));
    }
    const double sum = std::accumulate(total.begin(), total.end(), 0.0);
    for (size_t c = 0; c < 4; ++c) EXPECT_DOUBLE_EQ(counts.frequencies()[c], total[c] / sum);
  }
}

TEST(LabelCounts, NameTheFirstBrokenExample) {
  for (const int threads : {1, 2, 7}) {
    const auto set = set_of(17);
    set->break_file(11), set->break_file(4), set->break_file(6);
    const auto error = testing::caught([&] { count_labels(*set, 5, threads); });
    EXPECT_EQ(error.code, 3);
    EXPECT_NE(error.what.find("memory/set4.png"), std::string::npos) << error.what;
  }
  EXPECT_EQ(testing::caught([&] { count_labels(*set_of(3, "real", false), 5, 2); }).code, 3);
}

TEST(LabelCounts, AreKeptInAFileForTheSameSetAlone) {
  const testing::ScratchFolder folder;
  const std::string path = folder.file("counts.safetensors");
  const auto set = set_of(9);
  const auto first = label_counts(*set, 5, 2, path);
  EXPECT_EQ(set->reads, 9);
  const auto second = label_counts(*set, 5, 2, path);
  EXPECT_EQ(set->reads, 9);
  EXPECT_EQ(first->px, second->px);
  EXPECT_EQ(first->all, second->all);
  EXPECT_EQ(label_counts(*set, 4, 2, path)->classes, 4);  // other classes: counted again, and kept
  EXPECT_EQ(set->reads, 18);
  const auto other = set_of(9, "other");
  label_counts(*other, 4, 2, path);
  EXPECT_EQ(other->reads, 9);
  EXPECT_NE(set_fingerprint(*set), set_fingerprint(*other));
  label_counts(*other, 4, 2, "");
  EXPECT_EQ(other->reads, 18);
  testing::write_bytes(path, "no such thing");
  EXPECT_EQ(testing::caught([&] { label_counts(*other, 4, 2, path); }).code, 3);
}

}  // namespace
}  // namespace segue::data
