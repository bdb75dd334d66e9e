// Times whole training and inference steps. SEGUE_PROFILE=1 prints a table of kernels behind each.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "bench/steps.h"

namespace segue::bench {
namespace {

void print_profile(Context& c, double steps) {
  std::vector<std::pair<std::string, KernelTime>> rows(c.profile().begin(), c.profile().end());
  std::sort(rows.begin(), rows.end(),
            [](const auto& a, const auto& b) { return a.second.total_ms > b.second.total_ms; });
  double total = 0;
  for (const auto& [name, t] : rows) total += t.total_ms;
  for (const auto& [name, t] : rows)
    std::printf("  %-26s %7.0f calls %10.2f ms  %5.1f %%\n", name.c_str(), double(t.calls) / steps, t.total_ms / steps,
                100 * t.total_ms / total);
  std::printf("  %-26s %13s %10.2f ms\n", "all kernels", "", total / steps);
}

void time_step(benchmark::State& state, const StepInfo* info) {
  Context::Options options;
  options.profile = std::getenv("SEGUE_PROFILE") != nullptr;
  const std::unique_ptr<Step> step = info->make(options);
  step->run();  // arenas grow and plans are chosen
  step->run();
  step->context().reset_profile();
  for (auto _ : state) {
    step->run();
    step->finish();
  }
  state.counters["step_MiB"] = double(step->context().step_arena().high_water()) / 1048576;
  state.counters["persistent_MiB"] = double(step->context().persistent_arena().high_water()) / 1048576;
  if (options.profile) print_profile(step->context(), double(state.iterations()));
}

}  // namespace
}  // namespace segue::bench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  for (const segue::bench::StepInfo& info : segue::bench::steps())
    benchmark::RegisterBenchmark(info.name.c_str(), segue::bench::time_step, &info)
        ->Unit(benchmark::kMillisecond)
        ->UseRealTime();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
