// The arena against a model that knows its whole rule; sizes at the edge; messages; and that equal steps get equal
// addresses, which recorded steps rely on.
#include "runtime/arena.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <vector>

#include "kernels/error.h"
#include "kernels/philox.h"

namespace segue {
namespace {

constexpr size_t kAlign = Arena::kAlign;

size_t rounded(size_t bytes) { return (std::max<size_t>(bytes, 1) + kAlign - 1) / kAlign * kAlign; }

/// Best fit by looking at every gap: where the arena must put a block.
class Model {
 public:
  size_t allocate(size_t bytes) {
    bytes = rounded(bytes);
    size_t best = committed_, best_gap = SIZE_MAX, end = 0;
    for (const auto& [offset, size] : live_) {
      if (offset - end >= bytes && offset - end < best_gap) best = end, best_gap = offset - end;
      end = offset + size;
    }
    if (committed_ - end >= bytes && committed_ - end < best_gap) best = end, best_gap = committed_ - end;
    if (best_gap == SIZE_MAX) best = end;  // grow, from the end of the last block
    live_[best] = bytes;
    committed_ = std::max(committed_, best + bytes);
    used_ += bytes;
    high_water_ = std::max(high_water_, used_);
    return best;
  }
  void release(size_t offset) {
    used_ -= live_.at(offset);
    live_.erase(offset);
  }
  size_t used() const { return used_; }
  size_t high_water() const { return high_water_; }
  size_t committed() const { return committed_; }

 private:
  std::map<size_t, size_t> live_;  // offset, bytes
  size_t used_ = 0, high_water_ = 0, committed_ = 0;
};

/// Backing of `limit` bytes that are really there, and that may refuse earlier than it says.
class SmallBacking : public Backing {
 public:
  explicit SmallBacking(size_t limit, size_t refuse_above = SIZE_MAX)
      : limit_(limit), refuse_above_(refuse_above), memory_(limit + kAlign) {}
  std::byte* base() const override {
    const auto address = reinterpret_cast<uintptr_t>(memory_.data());
    return reinterpret_cast<std::byte*>((address + kAlign - 1) / kAlign * kAlign);
  }
  size_t reserved_bytes() const override { return limit_; }
  bool commit(size_t bytes) override { return bytes <= refuse_above_; }

 private:
  size_t limit_, refuse_above_;
  mutable std::vector<std::byte> memory_;
};

std::string message_of(Arena& arena, size_t bytes, const char* tag) {
  try {
    arena.allocate(bytes, tag);
  } catch (const Error& e) {
    EXPECT_EQ(e.fault(), Fault::out_of_memory);
    return e.what();
  }
  ADD_FAILURE() << "expected an out_of_memory error for " << bytes << " bytes";
  return "";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

struct Held {
  unsigned char* block;
  size_t bytes;
  unsigned char mark;
};

void expect_marked(const Held& h) {
  ASSERT_EQ(std::count(h.block, h.block + h.bytes, h.mark), ptrdiff_t(h.bytes)) << "a block was overwritten";
}

TEST(Arena, FollowsTheModelInRandomOrder) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Arena arena("test", host_backing(64 << 20));
    Model model;
    std::vector<Held> held;
    std::byte* base = nullptr;
    for (uint64_t step = 0; step < 1500; ++step) {
      const Philox4 r = random_quad({seed, 0}, 0, step);
      const bool shrinking = step / 300 % 2 == 1;  // phases, so that the arena fills and empties
      if (held.empty() || r.v[0] % 8 < (shrinking ? 3u : 5u)) {
        const size_t bytes = r.v[1] % 3 == 0 ? r.v[2] % 40000 : r.v[2] % 1500;
        auto* p = static_cast<unsigned char*>(arena.allocate(bytes, "block"));
        if (!base) base = reinterpret_cast<std::byte*>(p);  // the first block lies at the start
        ASSERT_EQ(reinterpret_cast<uintptr_t>(p) % kAlign, 0u);
        ASSERT_EQ(size_t(reinterpret_cast<std::byte*>(p) - base), model.allocate(bytes)) << "step " << step;
        const Held h{p, bytes, static_cast<unsigned char>(r.v[3])};
        std::memset(p, h.mark, bytes);
        held.push_back(h);
      } else {
        std::swap(held[r.v[1] % held.size()], held.back());
        expect_marked(held.back());
        model.release(size_t(reinterpret_cast<std::byte*>(held.back().block) - base));
        arena.release(held.back().block);
        held.pop_back();
      }
      ASSERT_EQ(arena.used(), model.used());
      ASSERT_EQ(arena.high_water(), model.high_water());
      ASSERT_EQ(arena.committed(), model.committed());
    }
    for (const Held& h : held) {
      expect_marked(h);
      arena.release(h.block);
    }
    EXPECT_EQ(arena.used(), 0u);
    // All merged again: one block of all that was ever taken fits without growth.
    arena.forbid_growth(true);
    arena.release(arena.allocate(arena.committed(), "whole"));
  }
}

TEST(Arena, TakesTheSmallestGapThatFits) {
  Arena arena("test", host_backing(1 << 20));
  std::vector<void*> gaps, fences;
  for (size_t units : {4, 2, 3}) {
    gaps.push_back(arena.allocate(units * kAlign, "gap"));
    fences.push_back(arena.allocate(kAlign, "fence"));
  }
  for (void* gap : gaps) arena.release(gap);
  EXPECT_EQ(arena.allocate(3 * kAlign, "three"), gaps[2]);
  EXPECT_EQ(arena.allocate(kAlign, "one"), gaps[1]);
  EXPECT_EQ(arena.allocate(kAlign, "one"), static_cast<std::byte*>(gaps[1]) + kAlign);
  EXPECT_EQ(arena.allocate(kAlign, "one"), gaps[0]);
}

TEST(Arena, MergesWithBothNeighbours) {
  for (const std::vector<int>& order : {std::vector<int>{0, 1, 2}, {2, 1, 0}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}}) {
    Arena arena("test", host_backing(1 << 20));
    void* blocks[3];
    for (void*& b : blocks) b = arena.allocate(kAlign, "block");
    void* fence = arena.allocate(kAlign, "fence");
    for (int i : order) arena.release(blocks[i]);
    EXPECT_EQ(arena.allocate(3 * kAlign, "all three"), blocks[0]);
    arena.release(fence);
  }
}

TEST(Arena, GrowsOutOfAFreeLastBlock) {
  Arena arena("test", host_backing(1 << 20));
  void* first = arena.allocate(kAlign, "first");
  void* last = arena.allocate(kAlign, "last");
  arena.release(last);
  EXPECT_EQ(arena.allocate(5 * kAlign, "larger"), last);
  EXPECT_EQ(arena.committed(), 6 * kAlign);
  EXPECT_NE(first, last);
}

TEST(Arena, NoBytesAreABlockOfTheirOwn) {
  Arena arena("test", host_backing(1 << 20));
  void *a = arena.allocate(0, "empty"), *b = arena.allocate(0, "empty");
  EXPECT_NE(a, b);
  EXPECT_EQ(arena.used(), 2 * kAlign);
}

TEST(Arena, HighWaterIsKeptAndReset) {
  Arena arena("test", host_backing(1 << 20));
  void* a = arena.allocate(3 * kAlign, "a");
  void* b = arena.allocate(kAlign, "b");
  arena.release(a);
  EXPECT_EQ(arena.high_water(), 4 * kAlign);
  arena.reset_high_water();
  EXPECT_EQ(arena.high_water(), kAlign);
  arena.release(b);
  EXPECT_EQ(arena.high_water(), kAlign);
}

// Sizes that wrap around when rounded or added: with free blocks lying about, and with none.
TEST(Arena, SizesBeyondAllMemory) {
  for (bool with_free_block : {false, true}) {
    Arena arena("test", host_backing(1 << 20));
    void* a = arena.allocate(kAlign, "a");
    void* b = arena.allocate(kAlign, "b");
    if (with_free_block) arena.release(a);
    const size_t used = arena.used(), committed = arena.committed();
    for (size_t bytes : {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 510, SIZE_MAX - 511, SIZE_MAX - 512, SIZE_MAX / 2,
                         size_t(-4) * kAlign, (size_t(1) << 20) + 1, size_t(1) << 20}) {
      message_of(arena, bytes, "huge");
      EXPECT_EQ(arena.used(), used) << bytes;
      EXPECT_EQ(arena.committed(), committed) << bytes;
    }
    if (with_free_block) {
      EXPECT_EQ(arena.allocate(1, "again"), a);
    }
    EXPECT_EQ(static_cast<std::byte*>(arena.allocate(1, "behind")), static_cast<std::byte*>(b) + kAlign);
  }
}

TEST(Arena, ExactlyTheLimitFits) {
  Arena arena("test", host_backing(1 << 20));
  void* all = arena.allocate(1 << 20, "all");
  message_of(arena, 1, "one more");
  arena.release(all);
  EXPECT_EQ(arena.allocate(1 << 20, "all"), all);
}

TEST(Arena, ADeviceThatRefusesLeavesTheArenaAsItWas) {
  Arena arena("test", std::make_unique<SmallBacking>(64 * kAlign, 8 * kAlign));
  void* a = arena.allocate(6 * kAlign, "a");
  EXPECT_TRUE(contains(message_of(arena, 4 * kAlign, "b"), "[b]"));
  EXPECT_EQ(arena.used(), 6 * kAlign);
  arena.allocate(2 * kAlign, "c");
  arena.release(a);
  EXPECT_EQ(arena.allocate(6 * kAlign, "d"), a);
}

TEST(Arena, OutOfMemorySaysWhatIsHeld) {
  Arena arena("step", host_backing(8 << 20));
  arena.allocate(1 << 20, "relu");
  arena.allocate(3 << 20, "conv2d");
  arena.allocate(2 << 20, "batch_norm");
  const std::string text = message_of(arena, 5 << 20, "concat");
  EXPECT_TRUE(contains(text, "[concat] expects 5.0 MiB of step memory; used 6.0 MiB")) << text;
  EXPECT_TRUE(contains(text, "limit 8.0 MiB")) << text;
  EXPECT_TRUE(contains(text, "3.0 MiB conv2d, 2.0 MiB batch_norm, 1.0 MiB relu")) << text;
}

TEST(Arena, DescribesTheLargestBlocksInUse) {
  Arena arena("test", host_backing(64 << 20));
  EXPECT_EQ(arena.describe(), "none");
  std::vector<void*> blocks;
  for (size_t i = 1; i <= 12; ++i) blocks.push_back(arena.allocate(i << 18, i == 12 ? "largest" : "other"));
  const std::string ten = arena.describe();
  EXPECT_EQ(ten.rfind("3.0 MiB largest, 2.8 MiB other", 0), 0u) << ten;
  EXPECT_FALSE(contains(ten, "0.5 MiB")) << ten;  // the eleventh
  EXPECT_EQ(arena.describe(1), "3.0 MiB largest");
  arena.release(blocks.back());
  EXPECT_EQ(arena.describe(1), "2.8 MiB other");
}

/// A step as training has them: forward keeps tensors, backward frees them in turn. Returns every address in order.
std::vector<void*> play_step(Arena& arena) {
  std::vector<void*> order, kept;
  for (uint64_t i = 0; i < 200; ++i) {
    const Philox4 r = random_quad({5, 0}, 0, i);
    order.push_back(arena.allocate(r.v[0] % 30000, "forward"));
    kept.push_back(order.back());
    if (r.v[1] % 3 == 0) {
      std::swap(kept[r.v[2] % kept.size()], kept.back());
      arena.release(kept.back());
      kept.pop_back();
    }
  }
  while (!kept.empty()) {
    order.push_back(arena.allocate(kept.size() * 97 % 20000, "backward"));
    arena.release(kept.back());
    kept.pop_back();
    arena.release(order.back());
  }
  return order;
}

TEST(Arena, EqualStepsGetEqualAddresses) {
  Arena arena("test", host_backing(64 << 20));
  play_step(arena);  // may place blocks otherwise: it meets the end of the arena where later steps find a free block
  play_step(arena);
  arena.forbid_growth(true);
  const std::vector<void*> second = play_step(arena);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(play_step(arena), second);

  // And in another arena of the same history, at the same offsets.
  Arena other("test", host_backing(64 << 20));
  play_step(other);
  play_step(other);
  const std::vector<void*> there = play_step(other);
  const auto shift = static_cast<std::byte*>(there[0]) - static_cast<std::byte*>(second[0]);
  for (size_t i = 0; i < second.size(); ++i) EXPECT_EQ(static_cast<std::byte*>(second[i]) + shift, there[i]);
}

TEST(Arena, ARecordedStepForbidsGrowth) {
  Arena arena("step", host_backing(1 << 20));
  void* a = arena.allocate(4 * kAlign, "a");
  arena.release(a);
  arena.forbid_growth(true);
  EXPECT_EQ(arena.allocate(4 * kAlign, "fits"), a);
  EXPECT_TRUE(contains(message_of(arena, 1, "grows"), "which a recorded step has fixed"));
  arena.forbid_growth(false);
  arena.allocate(1, "grows");
}

TEST(Arena, HostBackingKeepsItsLimit) {
  const auto backing = host_backing(10000);
  EXPECT_EQ(backing->reserved_bytes(), 12288u);  // whole pages
  EXPECT_TRUE(backing->commit(12288));
  EXPECT_FALSE(backing->commit(12289));
  EXPECT_GT(host_backing()->reserved_bytes(), size_t(64) << 20);
}

using ArenaDeathTest = ::testing::Test;

TEST(ArenaDeathTest, ReleasingTwiceEndsTheProgram) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        Arena arena("step", host_backing(1 << 20));
        void* a = arena.allocate(1, "a");
        arena.release(a);
        arena.release(a);
      },
      "step memory released twice or never allocated");
}

TEST(ArenaDeathTest, ReleasingTheMiddleOfABlockEndsTheProgram) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        Arena arena("step", host_backing(1 << 20));
        arena.release(static_cast<std::byte*>(arena.allocate(4 * kAlign, "a")) + kAlign);
      },
      "step memory released twice or never allocated");
}

#if defined(__SANITIZE_ADDRESS__)
volatile char sink;

TEST(ArenaDeathTest, AddressSanitizerSeesReadsBehindABlock) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  Arena arena("test", host_backing(1 << 20));
  const char* a = static_cast<char*>(arena.allocate(100, "a"));
  arena.allocate(100, "behind");
  sink = a[99];
  EXPECT_DEATH(sink = a[100], "use-after-poison");
  EXPECT_DEATH(sink = a[kAlign - 1], "use-after-poison");
}

TEST(ArenaDeathTest, AddressSanitizerSeesReadsAfterRelease) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  Arena arena("test", host_backing(1 << 20));
  char* a = static_cast<char*>(arena.allocate(100, "a"));
  a[0] = 1;
  arena.release(a);
  EXPECT_DEATH(sink = a[0], "use-after-poison");
  EXPECT_DEATH(sink = a[kAlign], "use-after-poison");  // behind all that was ever allocated
  EXPECT_EQ(arena.allocate(200, "b"), a);
  sink = a[199];
}
#endif

}  // namespace
}  // namespace segue
