// Images through read, compute and write at once.
#include "apps/image_pipeline.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>

#include "kernels/error.h"

namespace segue {
namespace {

struct Item {
  int64_t value = -1;
  bool busy = false;  // held by a step: no two may hold an item at once
};

void hold(Item& item, const std::function<void()>& work) {
  ASSERT_FALSE(item.busy);
  item.busy = true;
  work();
  item.busy = false;
}

void pause(int64_t i) { std::this_thread::sleep_for(std::chrono::microseconds((i * 7919) % 300)); }

TEST(ImagePipeline, EveryImageOnceAndComputedInOrder) {
  for (const int64_t helpers : {0, 1, 2, 5})
    for (const int64_t count : {0, 1, 2, 3, 100}) {
      std::vector<std::atomic<int>> written(static_cast<size_t>(count));
      std::vector<int64_t> computed;
      const std::thread::id caller = std::this_thread::get_id();
      image_pipeline<Item>(
          count, helpers, [&](int64_t i, Item& item) { hold(item, [&] { pause(i), item.value = i; }); },
          [&](int64_t i, Item& item) {
            hold(item, [&] {
              EXPECT_EQ(std::this_thread::get_id(), caller);
              EXPECT_EQ(item.value, i);
              item.value = 10 * i;
              computed.push_back(i);
            });
            return true;
          },
          [&](int64_t i, Item& item) {
            hold(item, [&] {
              pause(i + 3);
              EXPECT_EQ(item.value, 10 * i);
              ++written[size_t(i)];
            });
          });
      ASSERT_EQ(int64_t(computed.size()), count);
      for (int64_t i = 0; i < count; ++i) {
        EXPECT_EQ(computed[size_t(i)], i);
        EXPECT_EQ(written[size_t(i)], 1) << i;
      }
    }
}

TEST(ImagePipeline, AStopWritesWhatWasComputedAndNothingElse) {
  std::atomic<int64_t> written = 0, read = 0;
  image_pipeline<Item>(
      100, 3, [&](int64_t, Item&) { ++read; }, [&](int64_t i, Item&) { return i < 20; },
      [&](int64_t i, Item&) { pause(i), ++written; });
  EXPECT_EQ(written, 21);
  EXPECT_LT(read, 30);
}

TEST(ImagePipeline, TheFirstErrorOfAnyStepEndsItAll) {
  for (int step = 0; step < 3; ++step) {
    const auto maybe = [&](int at, int64_t i) {
      if (step == at && i == 17) throw Error(Fault::data, cat("step ", at));
    };
    try {
      image_pipeline<Item>(
          50, 3, [&](int64_t i, Item&) { maybe(0, i); }, [&](int64_t i, Item&) { return maybe(1, i), true; },
          [&](int64_t i, Item&) { maybe(2, i); });
      ADD_FAILURE() << step;
    } catch (const Error& e) {
      EXPECT_EQ(std::string(e.what()), cat("step ", step));
    }
  }
}

}  // namespace
}  // namespace segue
