// The executor is itself tested: every planted bug must be found, in the build that can find it, and the correct twins
// must pass. Then its semantics against their definition, and that it goes on after errors.
#include "planted.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <vector>

#include "simt.h"

namespace segue {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

/// Heap memory of exactly the size, so that AddressSanitizer's red zone lies behind the last element.
template <class T>
struct Heap {
  explicit Heap(size_t n) : n(n) {
    void* q = nullptr;
    if (posix_memalign(&q, 256, n * sizeof(T)) != 0) throw std::bad_alloc();
    p = static_cast<T*>(q);
    for (size_t i = 0; i < n; ++i) p[i] = T(i);
  }
  ~Heap() { std::free(p); }
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;
  Heap& zero() {
    std::memset(static_cast<void*>(p), 0, n * sizeof(T));
    return *this;
  }
  std::vector<double> values() const { return {p, p + n}; }

  size_t n;
  T* p;
};

using Run = std::function<std::vector<double>()>;

/// What five schedules show: "" if nothing, an error's text, "schedules" if results differ, "nan" if one is NaN.
std::string finding(const Run& run) {
  std::string error;
  std::vector<std::vector<double>> results;
  simt::for_each_schedule([&](const char*) {
    if (!error.empty()) return;
    simt::options().max_spins = 100000;
    try {
      results.push_back(run());
    } catch (const simt::Error& e) {
      error = e.what();
    }
  });
  if (!error.empty()) return error;
  for (const auto& r : results) {
    for (double x : r)
      if (std::isnan(x)) return "nan";
    if (r != results[0]) return "schedules";
  }
  return "";
}

void expect_found(const Run& run, const std::string& what) {
  const std::string found = finding(run);
  EXPECT_NE(found.find(what), std::string::npos) << "expected \"" << what << "\"; found \"" << found << "\"";
}
void expect_nothing(const Run& run) { EXPECT_EQ(finding(run), ""); }

/// Found as a data race where the kernels were compiled for that, else by comparing schedules.
void expect_race(const Run& run) {
  const std::string found = finding(run);
  const bool is_race = found.find("data race") != std::string::npos;
  const bool is_difference = found == "schedules" || found == "nan";
  EXPECT_TRUE(simt::race_checked() ? is_race : is_difference) << found;
}

template <void (*kernel)(bool, const float*, float*)>
Run with_input(bool right, size_t in = 64, size_t out = 64) {
  return [=] {
    Heap<float> i(in), o(out);
    kernel(right, i.p, o.p);
    return o.values();
  };
}
template <void (*kernel)(bool, float*)>
Run twin(bool right, size_t out = 64) {
  return [=] {
    Heap<float> o(out);
    kernel(right, o.p);
    return o.values();
  };
}
template <void (*kernel)(float*)>
Run plain() {
  return [] {
    Heap<float> o(64);
    kernel(o.p);
    return o.values();
  };
}

TEST(Planted, MissingBarrierBeforeRead) {
  expect_race(with_input<planted::shift>(false));
  expect_nothing(with_input<planted::shift>(true));
}
TEST(Planted, MissingBarrierWithRawShared) {
  expect_race(with_input<planted::shift_raw>(false));
  expect_nothing(with_input<planted::shift_raw>(true));
}
TEST(Planted, MissingBarrierBeforeNextWrite) {
  expect_race(with_input<planted::sum_twice>(false));
  expect_nothing(with_input<planted::sum_twice>(true));
}
TEST(Planted, MissingSyncwarp) {
  expect_race(with_input<planted::warp_tree>(false, 32, 1));
  expect_nothing(with_input<planted::warp_tree>(true, 32, 1));
}

TEST(Planted, SharedOutOfBounds) {
  expect_nothing(twin<planted::shared_overrun>(true));
  expect_nothing(twin<planted::dynamic_overrun>(true));
  if (kSanitized) {
    EXPECT_DEATH(twin<planted::shared_overrun>(false)(), "AddressSanitizer|runtime error");
    EXPECT_DEATH(twin<planted::shared_underrun>(false)(), "AddressSanitizer|runtime error");
    EXPECT_DEATH(twin<planted::dynamic_overrun>(false)(), "AddressSanitizer|runtime error");
  } else {
    // The race build sees the same write as touching no array; both name the array.
    expect_found(twin<planted::shared_overrun>(false), "shared array 's' (256 bytes) was written out of bounds");
    expect_found(twin<planted::shared_underrun>(false), "shared array 's' (256 bytes) was written out of bounds");
    expect_found(twin<planted::dynamic_overrun>(false), "shared array 'dynamic' (256 bytes) was written out of bounds");
  }
}
TEST(Planted, GlobalOutOfBounds) {
  const auto run = [](bool right) {
    Heap<float> in(100), out(100);
    planted::global_overrun(right, in.p, out.p, 100);
    return out.values();
  };
  expect_nothing([&] { return run(true); });
  if (kSanitized) {
    EXPECT_DEATH(run(false), "AddressSanitizer: heap-buffer-overflow");
    EXPECT_DEATH(run(false), "in kernel [a-z_]+, block \\(1,0,0\\) thread \\(36,0,0\\)");
  }
}
TEST(Planted, UninitialisedShared) {
  expect_found(twin<planted::uninitialised>(false, 128),
               simt::race_checked() ? "read of uninitialised shared 's'" : "nan");
  expect_nothing(twin<planted::uninitialised>(true, 128));
}
TEST(Planted, MisalignedVectorLoad) {
  expect_nothing(with_input<planted::misaligned>(true, 64, 8));
  if (kSanitized) {
    EXPECT_DEATH(with_input<planted::misaligned>(false, 64, 8)(), "misaligned address");
  }
}

TEST(Planted, ShuffleMasks) {
  expect_found(plain<planted::unnamed_caller>(), "does not name the calling lane");
  expect_found(plain<planted::divergent_shuffle>(), "deadlock");
  expect_found(plain<planted::unnamed_source>(), "reads lane 20, which is not in the mask");
  expect_found(plain<planted::partial_warp_source>(), "which does not exist");
  expect_found(plain<planted::two_masks>(), "collectives do not match");
  expect_found(plain<planted::two_operations>(), "collectives do not match");
  expect_nothing(plain<planted::halves>());
}
TEST(Planted, Barriers) {
  expect_found(plain<planted::two_barriers>(), "divergent barrier");
  expect_found(twin<planted::early_exit>(false), "have exited");
  expect_nothing(twin<planted::early_exit>(true));
  expect_found(plain<planted::barrier_in_half_warp>(), "deadlock");
}

TEST(Planted, SumWithoutAtomic) {
  const auto run = [](int blocks, int threads) {
    Heap<float> in(64), out(1);
    planted::plain_sum(in.p, out.zero().p, blocks, threads);
    return out.values();
  };
  // One thread runs at a time, so the sum comes out right: only the race detector sees that it need not.
  if (simt::race_checked()) {
    expect_found([&] { return run(1, 64); }, "data race");
    expect_found([&] { return run(2, 1); }, "data race");
  } else {
    EXPECT_EQ(run(1, 64), std::vector<double>{2016});
  }
}
TEST(Planted, BlocksThatOverlap) {
  expect_race(twin<planted::block_overlap>(false, 16));
  expect_nothing(twin<planted::block_overlap>(true, 16));
}
TEST(Planted, SpinLock) {
  const auto run = [](bool right) {
    Heap<int> lock(1), data(1);
    planted::spin_lock(right, lock.zero().p, data.zero().p);
    return data.values();
  };
  expect_found([&] { return run(false); }, "livelock");
  expect_nothing([&] { return run(true); });
}
TEST(Planted, LastBlockWithoutFence) {
  const auto run = [](bool right) {
    Heap<float> in(128), partial(4), out(1);
    Heap<unsigned> count(1);
    planted::last_block(right, in.p, partial.p, count.zero().p, out.p);
    return out.values();
  };
  if (simt::race_checked()) expect_found([&] { return run(false); }, "data race");
  expect_nothing([&] { return run(true); });
}

TEST(Planted, Refusals) {
  const auto none = [](auto f) { return [=] { return f(), std::vector<double>{}; }; };
  expect_found(none([] { planted::failed_assert(31); }), "assert(int(threadIdx.x) < n)");
  expect_found(none([] { planted::failed_assumption(31); }), "__builtin_assume");
  expect_found(plain<planted::static_shared_over_limit>(), "shared memory over the limit");
  expect_found(plain<planted::dynamic_shared_not_asked_for>(), "asked for none");
  expect_found(none([] { planted::block_too_large(); }), "1 to 1024 threads");
}

TEST(Executor, MessagesNameThreadsAndLines) {
  const std::string deadlock = finding(plain<planted::barrier_in_half_warp>());
  EXPECT_NE(deadlock.find("wait in __shfl_xor_sync mask 0xffffffff at planted.cu:"), std::string::npos) << deadlock;
  EXPECT_NE(deadlock.find(": 16-31 48-63"), std::string::npos) << deadlock;
  EXPECT_NE(deadlock.find("wait in __syncthreads at planted.cu:"), std::string::npos) << deadlock;
  EXPECT_NE(deadlock.find(": 0-15 32-47"), std::string::npos) << deadlock;
  const std::string mask = finding(plain<planted::unnamed_source>());
  EXPECT_NE(mask.find("block (0,0,0) thread ("), std::string::npos) << mask;
}

TEST(Executor, VotesReductionsAndAtomics) {
  simt::for_each_schedule([](const char* schedule) {
    Heap<unsigned> out(32), counters(9);
    counters.zero();
    counters.p[2] = 100;
    counters.p[4] = ~0u;
    counters.p[8] = 64;
    planted::votes(out.p, counters.p);
    unsigned ballot = 0, bit_or = 0, bit_and = ~0u, bit_xor = 0;
    for (unsigned t = 0; t < 32; ++t) {
      ballot |= t % 3 == 0 ? 1u << t : 0u;
      bit_or |= t;
      bit_and &= t | 64;
      bit_xor ^= t + 1;
    }
    for (unsigned t = 0; t < 32; ++t) {
      unsigned r = ballot + 1 + 0;  // any of t == 7; not all of t < 31
      r ^= 0xfu << (t / 4 * 4);
      r += 496 + 31 + 3;
      r += unsigned(-31) + 5;
      r ^= bit_or ^ bit_and ^ bit_xor;
      r += 16 + 4 + 0;
      r += (t < 3 ? t : t - 3) * 1000u + (t / 8 * 8 + 5) * 100000u;
      ASSERT_EQ(out.p[t], r) << schedule << " lane " << t;
    }
    EXPECT_EQ(counters.p[0], 496u);
    EXPECT_EQ(counters.p[1], 31u);
    EXPECT_EQ(counters.p[2], 0u);
    EXPECT_EQ(counters.p[3], ~0u);
    EXPECT_EQ(counters.p[4], 0u);
    unsigned x = 0;
    for (int t = 0; t < 32; ++t) x ^= 3u << t;
    EXPECT_EQ(counters.p[5], x);
    EXPECT_EQ(counters.p[6], 32u % 5);  // counts 0 .. 4 around
    EXPECT_EQ(counters.p[7], 3u);       // 0 -> 4, then down and around: 32 steps of 5
    EXPECT_EQ(counters.p[8], 0u);
  });
}

TEST(Executor, GoesOnAfterErrors) {
  Heap<float> in(64), out(64);
  for (int round = 0; round < 100; ++round) {
    EXPECT_THROW(planted::barrier_in_half_warp(out.p), simt::Error);
    EXPECT_THROW(planted::unnamed_caller(out.p), simt::Error);
    EXPECT_THROW(planted::two_barriers(out.p), simt::Error);
    EXPECT_THROW(planted::early_exit(false, out.p), simt::Error);
    EXPECT_THROW(planted::failed_assert(31), simt::Error);
    planted::sum_twice(true, in.p, out.p);
    ASSERT_EQ(out.p[5], 2016.f + 1000.f * 4032.f);
  }
}

TEST(Executor, CountsItsWork) {
  Heap<float> in(64), out(64);
  const simt::Stats before = simt::stats();
  planted::shift(true, in.p, out.p);
  const simt::Stats& after = simt::stats();
  EXPECT_EQ(after.launches - before.launches, 1u);
  EXPECT_EQ(after.threads - before.threads, 64u);
  EXPECT_EQ(after.barriers - before.barriers, 1u);
}

}  // namespace
}  // namespace segue
