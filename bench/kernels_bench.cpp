// Times every case of every kernel: the same cases that the tests check. A case that gives wrong results is not timed.
//
//   kernels_bench --benchmark_filter='batch_norm.*'        the columns GB/s and GFLOP/s come with their share of what
//                                                          a copy and a matrix product reach in the same run
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "bench/checked.h"
#include "kernels/conv2d.h"
#include "kernels/fill.h"

namespace segue {
namespace {

/// Grows and stays, as in a context: timing must not see the allocator.
class BenchScratch : public Scratch {
 public:
  void* get(size_t bytes) override {
    if (bytes > bytes_) {
      block_.reset(static_cast<std::byte*>(std::aligned_alloc(256, (bytes + 255) / 256 * 256)));
      bytes_ = bytes;
    }
    return block_.get();
  }

 private:
  struct Free {
    void operator()(std::byte* p) const { std::free(p); }
  };
  std::unique_ptr<std::byte, Free> block_;
  size_t bytes_ = 0;
};

/// Best of several runs, in seconds.
template <class F>
double best_seconds(F&& f, int runs = 9) {
  double best = 1e9;
  for (int i = 0; i < runs; ++i) {
    const auto start = std::chrono::steady_clock::now();
    f();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

struct Ceilings {
  double copy_bytes_per_s, flops_per_s;
};

// Measured once a run: a copy of 64 MiB, and a 1x1 convolution that is a product of large matrices.
const Ceilings& ceilings() {
  static const Ceilings measured = [] {
    BenchScratch scratch;
    CpuExec exec{&scratch};
    const Shape big{16 << 20};
    cases::Buffer from(cases::Array(big), DType::f32), to(big, DType::f32);
    const double copy =
        2.0 * double(big.count()) * 4 / best_seconds([&] { kernels::copy(exec, from.view(), to.view()); });
    cases::Buffer x(cases::uniform({1, 64, 64, 1024}, -1, 1), DType::f32);
    cases::Buffer w(cases::uniform({1024, 1, 1, 1024}, -1, 1), DType::f32), y({1, 64, 64, 1024}, DType::f32);
    const double flops = 2.0 * 4096 * 1024 * 1024 / best_seconds([&] {
                           kernels::conv2d(exec, x.view(), w.view(), View(), y.view(), Conv2dOptions{});
                         });
    std::printf("copy %.2f GB/s, matrix product %.1f GFLOP/s\n", copy / 1e9, flops / 1e9);
    return Ceilings{copy, flops};
  }();
  return measured;
}

bench::Checked& checked() {
  static bench::Checked verdicts(
      [](const cases::Case& k, cases::Io& io) {
        BenchScratch scratch;
        CpuExec exec{&scratch};
        k.cpu(exec, io);
      },
      [](const cases::Case& k) { return bool(k.cpu); });
  return verdicts;
}

void time_case(benchmark::State& state, const cases::Case* k) {
  if (!checked()(*k)) {
    state.SkipWithError("wrong results: not timed");
    return;
  }
  const Ceilings& most = ceilings();
  BenchScratch scratch;
  CpuExec exec{&scratch};
  cases::Io io = k->make();
  k->cpu(exec, io);  // plans are made and memory is touched before the clock runs
  for (auto _ : state) k->cpu(exec, io);
  const auto rate = [](double per_run) {
    return benchmark::Counter(per_run, benchmark::Counter::kIsIterationInvariantRate);
  };
  if (k->bytes > 0) {
    state.counters["GB/s"] = rate(k->bytes / 1e9);
    state.counters["%copy"] = rate(100 * k->bytes / most.copy_bytes_per_s);
  }
  if (k->flops > 0) {
    state.counters["GFLOP/s"] = rate(k->flops / 1e9);
    state.counters["%matmul"] = rate(100 * k->flops / most.flops_per_s);
  }
}

}  // namespace
}  // namespace segue

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  for (const segue::cases::Case& k : segue::cases::registry().cases)
    if (k.cpu)
      benchmark::RegisterBenchmark((k.op + "/" + k.name).c_str(), segue::time_case, &k)
          ->Unit(benchmark::kMillisecond)
          ->UseRealTime();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
