// The loader: same batches whatever the threads, exact resume, errors that name files; and the way to the device.
#include "data/loader.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "data/batch_feed.h"
#include "data/cutmix_box.h"
#include "runtime/crc32c.h"
#include "runtime/step_graph.h"
#include "tests/files.h"
#include "tests/memory_set.h"

namespace {
std::atomic<int64_t> allocations = 0;
}

[[gnu::noinline]] void* operator new(size_t bytes) {
  ++allocations;
  if (void* p = std::malloc(bytes ? bytes : 1)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, size_t) noexcept { std::free(p); }

namespace segue::data {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::shared_ptr<MemorySet> set_of(int64_t count, int delay_us = 0, bool labelled = true,
                                  const std::string& name = "set") {
  return MemorySet::random(count, 40, 50, {.name = name, .labelled = labelled, .delay_us = delay_us});
}

/// All that can be switched on.
LoaderOptions full_options() {
  LoaderOptions o;
  o.batch = 3, o.seed = 11, o.stream = 1, o.threads = 2, o.ahead = 2;
  AugmentOptions& a = o.augment;
  a.height = 24, a.width = 33, a.least_scale = 0.5, a.most_scale = 2, a.flip = true, a.jitter = 0.3, a.hue = 0.1;
  a.grey = 0.3, a.blur = 0.5, a.cutout = 0.5, a.max_share = 0.4;
  return o;
}

LoaderOptions plain_options(int64_t batch) {
  LoaderOptions o;
  o.batch = batch;
  o.augment.height = 24, o.augment.width = 33;
  return o;
}

std::vector<DataShare> full_mix(int delay_us = 0) {
  return {{0.6, set_of(7, delay_us)}, {0.4, set_of(5, 0, false, "real")}};
}

void expect_same(const HostBatch& a, const HostBatch& b) {
  ASSERT_EQ(a.step, b.step);
  ASSERT_EQ(a.images, b.images);
  ASSERT_EQ(a.labels, b.labels);
  ASSERT_EQ(a.plans.size(), b.plans.size());
  for (size_t i = 0; i < a.plans.size(); ++i) {
    const SamplePlan &p = a.plans[i], &q = b.plans[i];
    ASSERT_EQ(p.window.top, q.window.top);
    ASSERT_EQ(p.window.left, q.window.left);
    ASSERT_EQ(p.window.height, q.window.height);
    ASSERT_EQ(p.window.width, q.window.width);
    ASSERT_EQ(p.flip, q.flip);
    ASSERT_EQ(p.weight, q.weight);
    ASSERT_EQ(color_matrix(p.color), color_matrix(q.color));
    ASSERT_EQ(a.draws[i].set, b.draws[i].set);
    ASSERT_EQ(a.draws[i].example, b.draws[i].example);
    ASSERT_EQ(a.draws[i].rare_class, b.draws[i].rare_class);
  }
}

std::vector<HostBatch> batches(Loader& loader, int64_t count) {
  std::vector<HostBatch> all;
  for (int64_t i = 0; i < count; ++i) all.push_back(loader.next());
  return all;
}

TEST(Loader, GivesTheSameBatchesForAnyNumberOfThreads) {
  constexpr int64_t kSteps = 15;
  for (const double temperature : {0.0, 0.5}) {
    const auto mix = full_mix(300);
    std::vector<std::shared_ptr<const LabelCounts>> counts(2);
    counts[0] = std::make_shared<const LabelCounts>(count_labels(*mix[0].set, 5, 2));
    LoaderOptions o = full_options();
    o.rare_temperature = temperature;
    o.threads = 1, o.ahead = 1;
    Loader one(mix, o, counts);
    const auto want = batches(one, kSteps);
    for (int64_t step = 0; step < kSteps; ++step) EXPECT_EQ(want[size_t(step)].step, step);
    for (const auto& [threads, ahead] : {std::pair{2, 3}, {7, 1}, {7, 6}}) {
      o.threads = threads, o.ahead = ahead;
      Loader many(mix, o, counts);
      const auto got = batches(many, kSteps);
      for (size_t i = 0; i < want.size(); ++i) expect_same(got[i], want[i]);
      EXPECT_EQ(many.fingerprint(), one.fingerprint());
    }
  }
}

// The same on every machine and with every instruction set.
TEST(Loader, BatchesArePinned) {
  Loader loader(full_mix(), full_options());
  uint32_t images = 0, labels = 0;
  for (const HostBatch& b : batches(loader, 20)) {
    images = crc32c(b.images.data(), b.images.size(), images);
    labels = crc32c(b.labels.data(), b.labels.size(), labels);
  }
  EXPECT_EQ(images, 4253132342u);
  EXPECT_EQ(labels, 2527146790u);
}

TEST(Loader, GoesOnAnywhereAsIfUninterrupted) {
  const auto mix = full_mix();
  LoaderOptions o = full_options();
  Loader loader(mix, o);
  const auto want = batches(loader, 20);
  o.threads = 3;
  Loader other(mix, o);
  for (const int64_t step : {7, 2, 2, 19, 0, 13}) {
    other.seek(step);
    EXPECT_EQ(other.step(), step);
    for (int64_t i = step; i < std::min<int64_t>(20, step + 4); ++i) {
      const HostBatch& got = other.next();
      expect_same(got, want[size_t(i)]);
    }
  }
  EXPECT_THROW(other.seek(-1), Error);
  other.seek(int64_t(1) << 40);  // as far as a run may get
  EXPECT_EQ(other.next().step, int64_t(1) << 40);
}

TEST(Loader, ShowsEveryExampleOnceAnEpoch) {
  LoaderOptions o = plain_options(2);
  Loader loader({{1, set_of(9)}}, o);
  EXPECT_EQ(loader.examples(), 9);
  std::vector<int> seen(9);
  for (int64_t step = 0; step < 9; ++step)  // two epochs
    for (const Draw& d : loader.next().draws) ++seen[size_t(d.example)];
  EXPECT_EQ(seen, std::vector<int>(9, 2));
}

TEST(Loader, NamesTheFileThatItCannotRead) {
  for (const int threads : {1, 4}) {
    const auto set = set_of(12);  // one epoch
    LoaderOptions o = plain_options(3);
    o.threads = threads;
    Loader whole({{1, set}}, o);
    const auto want = batches(whole, 4);
    // The first of two faults of batch 2 is the one that is told.
    set->break_file(want[2].draws[2].example);
    set->break_file(want[2].draws[1].example);
    Loader loader({{1, set}}, o);
    for (size_t step = 0; step < 2; ++step) expect_same(loader.next(), want[step]);
    for (int again = 0; again < 2; ++again) {
      const auto error = testing::caught([&] { loader.next(); });
      EXPECT_EQ(error.code, 3);
      EXPECT_NE(error.what.find(set->origin(want[2].draws[1].example)), std::string::npos) << error.what;
      EXPECT_FALSE(loader.ready());
    }
    loader.seek(3);
    expect_same(loader.next(), want[3]);
    loader.seek(2);
    EXPECT_THROW(loader.next(), Error);
    set->mend();
    loader.seek(2);  // mended: the same batch is tried again
    expect_same(loader.next(), want[2]);
  }
}

TEST(Loader, NamesTheFileOfOtherFaultsToo) {
  const auto set = set_of(1);
  set->break_file(0, [] { throw std::runtime_error("out of luck"); });
  Loader loader({{1, set}}, plain_options(1));
  const auto error = testing::caught([&] { loader.next(); });
  EXPECT_NE(error.what.find("memory/set0.png: out of luck"), std::string::npos) << error.what;
  EXPECT_EQ(error.code, 1);
}

TEST(Loader, WorksAheadAndNoFurther) {
  const auto set = set_of(50);
  LoaderOptions o = plain_options(2);
  o.threads = 3, o.ahead = 4;
  Loader loader({{1, set}}, o);
  const auto settle = [&](int64_t reads) {
    for (int i = 0; i < 1000 && set->reads < reads; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(set->reads, reads);
  };
  settle(8);
  EXPECT_TRUE(loader.ready());
  const double before = loader.wait_seconds();
  loader.next();
  EXPECT_EQ(loader.wait_seconds(), before);  // it was there
  settle(10);
}

TEST(Loader, TellsHowLongTrainingWaited) {
  LoaderOptions o = plain_options(1);
  o.threads = 1, o.ahead = 1;
  Loader loader({{1, set_of(4, 20000)}}, o);
  EXPECT_FALSE(loader.ready());
  const auto start = Clock::now();
  for (int i = 0; i < 4; ++i) loader.next();
  const double all = seconds_since(start);
  EXPECT_LE(loader.wait_seconds(), all);
  EXPECT_GT(loader.wait_seconds(), 0.9 * all - 0.02);
  EXPECT_GE(all, 0.06);
}

TEST(Loader, StopsWithoutMakingWhatIsAhead) {
  LoaderOptions o = plain_options(8);
  o.threads = 2, o.ahead = 8;
  const auto set = set_of(4, 20000);
  auto loader = std::make_unique<Loader>(std::vector<DataShare>{{1, set}}, o);
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  loader.reset();
  EXPECT_LE(set->reads, 40);  // of 64
  const int64_t reads = set->reads;
  std::this_thread::sleep_for(std::chrono::milliseconds(40));
  EXPECT_EQ(set->reads, reads);
}

TEST(Loader, AllocatesNothingOnceItRuns) {
  LoaderOptions o = full_options();
  o.augment.least_scale = o.augment.most_scale = 1.25;
  o.augment.blur = 1;
  // Reads that wait leave the processor to the other threads, so that on a busy machine too each has begun, and has its
  // memory, after a few batches.
  Loader loader({{1, set_of(6, 1000)}}, o);
  for (int i = 0; i < 30; ++i) loader.next();
  const int64_t before = allocations;
  for (int i = 0; i < 30; ++i) loader.next();
  EXPECT_EQ(allocations, before);
}

TEST(Loader, LeavesOutLabelsThatNobodyHasOrWants) {
  LoaderOptions o = plain_options(2);
  Loader real({{1, set_of(3, 0, false)}}, o);
  EXPECT_FALSE(real.labelled());
  EXPECT_TRUE(real.next().labels.empty());
  o.labels = false;
  Loader unwanted({{1, set_of(3)}}, o);
  EXPECT_FALSE(unwanted.labelled());
  EXPECT_TRUE(unwanted.next().labels.empty());
}

TEST(Loader, FingerprintTellsWhatBatchesDependOn) {
  const auto mix = full_mix();
  const std::string standard = Loader(mix, full_options()).fingerprint();
  LoaderOptions o = full_options();
  o.threads = 5, o.ahead = 7;
  EXPECT_EQ(Loader(mix, o).fingerprint(), standard);
  EXPECT_EQ(standard.find('\n'), std::string::npos);
  const std::vector<std::function<void(LoaderOptions&)>> changes = {
      [](LoaderOptions& c) { c.batch = 4; },
      [](LoaderOptions& c) { c.seed = 12; },
      [](LoaderOptions& c) { c.stream = 0; },
      [](LoaderOptions& c) { c.labels = false; },
      [](LoaderOptions& c) { c.augment.height = 25; },
      [](LoaderOptions& c) { c.augment.width = 32; },
      [](LoaderOptions& c) { c.augment.resize_height = c.augment.resize_width = 60; },
      [](LoaderOptions& c) { c.augment.least_scale = 0.6; },
      [](LoaderOptions& c) { c.augment.most_scale = 1.9; },
      [](LoaderOptions& c) { c.augment.flip = false; },
      [](LoaderOptions& c) { c.augment.jitter = 0.31; },
      [](LoaderOptions& c) { c.augment.hue = 0; },
      [](LoaderOptions& c) { c.augment.grey = 0; },
      [](LoaderOptions& c) { c.augment.blur = 0.1; },
      [](LoaderOptions& c) { c.augment.cutout = 0.1; },
      [](LoaderOptions& c) { c.augment.max_share = 0.9; },
      [](LoaderOptions& c) { c.augment.rare_least_share = 0.1; },
      [](LoaderOptions& c) { c.augment.fill[1] = 9; },
  };
  std::set<std::string> seen = {standard};
  for (const auto& change : changes) {
    o = full_options();
    change(o);
    EXPECT_TRUE(seen.insert(Loader(mix, o).fingerprint()).second) << Loader(mix, o).fingerprint();
  }
  auto other = mix;
  other[0].share = 0.5, other[1].share = 0.5;
  EXPECT_TRUE(seen.insert(Loader(other, full_options()).fingerprint()).second);
  other = {{0.6, set_of(7, 0, true, "other")}, mix[1]};
  EXPECT_TRUE(seen.insert(Loader(other, full_options()).fingerprint()).second);
}

TEST(Loader, RefusesOptionsOutOfRange) {
  const auto mix = full_mix();
  const std::vector<std::function<void(LoaderOptions&)>> faults = {
      [](LoaderOptions& c) { c.batch = 0; },
      [](LoaderOptions& c) { c.threads = 0; },
      [](LoaderOptions& c) { c.ahead = 0; },
      [](LoaderOptions& c) { c.augment.height = 0; },
      [](LoaderOptions& c) { c.augment.resize_height = 10; },
      [](LoaderOptions& c) { c.augment.least_scale = 0; },
      [](LoaderOptions& c) { c.augment.most_scale = 0.1; },
      [](LoaderOptions& c) { c.augment.blur = 1.5; },
      [](LoaderOptions& c) { c.augment.jitter = -0.1; },
      [](LoaderOptions& c) { c.rare_temperature = -1; },
      [](LoaderOptions& c) { c.rare_temperature = 0.01; },  // without counts
  };
  for (size_t i = 0; i < faults.size(); ++i) {
    LoaderOptions o = full_options();
    faults[i](o);
    EXPECT_THROW(Loader(mix, o), Error) << i;
  }
}

// What a feed gives is what image_in makes of the host's batches; also when a recorded step replays it, and after a seek.
TEST(BatchFeed, BringsBatchesAndPlansToTheNetwork) {
  for (const bool labels : {true, false}) {
    const auto mix = full_mix();
    LoaderOptions o = full_options();
    o.labels = labels;
    Loader plain(mix, o), fed(mix, o);
    Context c({.threads = 1});
    BatchFeed feed(c, "feed", fed);
    BatchInput input(c, "check", {.samples = o.batch, .height = o.augment.height, .width = o.augment.width});
    StoredBatch stored;
    stored.images = c.persistent({o.batch, o.augment.height, o.augment.width, 3}, DType::u8, "images");
    if (labels) stored.labels = c.persistent({o.batch, o.augment.height, o.augment.width}, DType::u8, "labels");
    StepGraph graph(c);
    EXPECT_EQ(feed.step(), -1);
    uint64_t step = 0;
    for (const int64_t batch : {0, 1, 2, 3, 9, 10, 10, 4, 5, 6}) {
      if (batch != feed.step() + 1) feed.seek(batch);
      plain.seek(batch);
      const HostBatch& host = plain.next();
      std::copy(host.images.begin(), host.images.end(), stored.images.view().as<uint8_t>());
      if (labels) std::copy(host.labels.begin(), host.labels.end(), stored.labels.view().as<uint8_t>());
      for (int64_t i = 0; i < o.batch; ++i) input.plan(i, host.plans[size_t(i)]);
      feed.next();
      EXPECT_EQ(feed.step(), batch);
      ASSERT_EQ(feed.draws().size(), host.draws.size());
      for (size_t i = 0; i < host.draws.size(); ++i) EXPECT_EQ(feed.draws()[i].example, host.draws[i].example);
      c.begin_step(step++);
      graph.run([&] {
        const InputBatch got = feed.make(), want = input.make(stored);
        EXPECT_EQ(to_host(got.x), to_host(want.x));
        EXPECT_EQ(to_host(got.weights), to_host(want.weights));
        const auto *l = got.labels.view().as<uint8_t>(), *m = want.labels.view().as<uint8_t>();
        EXPECT_TRUE(std::equal(l, l + got.labels.count(), m));
        EXPECT_EQ(std::count(l, l + got.labels.count(), kIgnore) == got.labels.count(), !labels);
      });
      c.end_step();
    }
  }
}

TEST(BatchFeed, TellsOfABrokenFileAtItsOwnBatch) {
  const auto set = set_of(6);
  LoaderOptions o = plain_options(2);
  Loader whole({{1, set}}, o);
  const auto want = batches(whole, 3);
  set->break_file(want[1].draws[0].example);
  Loader loader({{1, set}}, o);
  Context c({.threads = 1});
  BatchFeed feed(c, "feed", loader);
  feed.next();
  EXPECT_EQ(feed.step(), 0);
  EXPECT_EQ(testing::caught([&] { feed.next(); }).code, 3);
  feed.seek(2);
  feed.next();
  EXPECT_EQ(feed.step(), 2);
}

TEST(BatchFeed, TwoFeedsMeetInCutMix) {
  LoaderOptions o = full_options();
  Loader source({{1, set_of(7)}}, o);
  o.stream = 2;
  Loader target({{1, set_of(5, 0, false, "real")}}, o);
  EXPECT_NE(source.fingerprint(), target.fingerprint());
  Context c({.threads = 1});
  BatchFeed from(c, "source", source), to(c, "target", target);
  BatchInput mixed(c, "mix", {.samples = 3, .height = 24, .width = 33, .cutmix = true});
  for (uint64_t step = 0; step < 3; ++step) {
    from.next(), to.next();
    std::vector<Window> boxes;
    for (int64_t i = 0; i < 3; ++i) {
      SamplePlan plan = to.plans()[size_t(i)];
      boxes.push_back(plan.box = random_cutmix_box({1, 9}, step, i, 24, 33));
      mixed.plan(i, plan);
      mixed.plan_paste(i, from.plans()[size_t(i)]);
    }
    c.begin_step(step);
    {
      const InputBatch a = from.make(), b = to.make(), m = mixed.make(to.stored(), from.stored());
      const auto x = to_host(m.x), xa = to_host(a.x), xb = to_host(b.x);
      for (size_t i = 0; i < x.size(); ++i) {
        const int64_t px = int64_t(i) / 3, y = px / 33 % 24, q = px % 33;
        const Window& w = boxes[size_t(px / (24 * 33))];
        const bool inside = y >= w.top && y < w.top + w.height && q >= w.left && q < w.left + w.width;
        ASSERT_EQ(x[i], inside ? xa[i] : xb[i]);
      }
    }
    c.end_step();
  }
}

}  // namespace
}  // namespace segue::data
