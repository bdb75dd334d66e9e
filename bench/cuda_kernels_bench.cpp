// Times the kernels on a CUDA device, at the sizes of training: cold operands, many launches a sample, median of the
// samples. A kernel whose small cases give wrong results is not timed.
//
//   cuda_kernels_bench --filter=batch_norm      GB/s and TFLOP/s come with their share of what a copy and a matrix
//                                               product reach in the same run
//   cuda_kernels_bench --all                    also the small cases of the tests, and what is timed on the CPU
//   cuda_kernels_bench --once --filter=relu/    one launch each after one to warm up, for a profiler; not checked
//   cuda_kernels_bench --benchmark_out=FILE     all samples as JSON, for bench/compare_results.py
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <regex>
#include <set>

#include "bench/checked.h"
#include "bench/device_bench.h"
#include "tests/gpu/device.h"

namespace segue::bench {
namespace {

constexpr int kSamples = 15;

std::string name_of_case(const cases::Case& k) { return k.op + "/" + k.name; }

const DeviceRates& rates() {
  static const DeviceRates measured = measure_rates();
  return measured;
}

bool checked(const cases::Case& k) {
  static testing::Device device;
  static Checked verdicts(
      [](const cases::Case& c, cases::Io& io) {
        device.upload(io);
        device.run([&](const CudaExec& exec) { c.cuda(exec, io); });
        device.download(io);
      },
      [](const cases::Case& c) { return bool(c.cuda); });
  return verdicts(k);
}

/// Every repetition is a sample: the case stays on the device until another one is asked for.
DeviceCase& on_device(const cases::Case* k) {
  static const cases::Case* last = nullptr;
  static std::unique_ptr<DeviceCase> loaded;
  if (k != last) {
    last = nullptr;
    loaded.reset();
    if (!checked(*k)) fail(Fault::internal, "bench", "wrong results: not timed");
    loaded = std::make_unique<DeviceCase>(*k);
    last = k;
  }
  return *loaded;
}

void time_case(benchmark::State& state, const cases::Case* k) {
  double ms = 0;
  try {
    ms = on_device(k).sample_ms();
  } catch (const Error& e) {
    state.SkipWithError(e.what());
    return;
  }
  for (auto _ : state) state.SetIterationTime(ms * 1e-3);
  if (k->bytes > 0) {
    state.counters["GB/s"] = k->bytes / (ms * 1e6);
    state.counters["%copy"] = 100 * k->bytes / (ms * 1e-3) / rates().copy_bytes_per_s;
  }
  if (k->flops > 0) {
    state.counters["TFLOP/s"] = k->flops / (ms * 1e9);
    if (rates().flops_per_s > 0) state.counters["%matmul"] = 100 * k->flops / (ms * 1e-3) / rates().flops_per_s;
  }
}

double median(std::vector<double> v) {
  std::nth_element(v.begin(), v.begin() + ptrdiff_t(v.size() / 2), v.end());
  return v[v.size() / 2];
}

/// One line a case: the median of its samples and how far they spread.
class MedianReporter : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override {
    std::printf("%-52s %10s %8s %9s %7s %9s %8s\n", "case", "us", "spread", "GB/s", "%copy", "TFLOP/s", "%matmul");
    return true;
  }
  void ReportRuns(const std::vector<Run>& runs) override {
    std::vector<double> us;
    std::map<std::string, std::vector<double>> counters;
    for (const Run& run : runs) {
      if (run.error_occurred) {
        std::printf("%-52s %s\n", name(run).c_str(), run.error_message.c_str());
        ++failures_;
        return;
      }
      if (run.run_type != Run::RT_Iteration) continue;
      us.push_back(run.real_accumulated_time / double(run.iterations) * 1e6);
      for (const auto& [key, counter] : run.counters) counters[key].push_back(counter.value);
    }
    if (us.empty()) return;
    const auto [low, high] = std::minmax_element(us.begin(), us.end());
    const double middle = median(us);
    std::printf("%-52s %10.2f %6.1f %%", name(runs[0]).c_str(), middle, 100 * (*high - *low) / middle);
    for (const char* key : {"GB/s", "%copy", "TFLOP/s", "%matmul"})
      counters.count(key) ? std::printf(" %8.1f", median(counters[key])) : std::printf(" %8s", "");
    std::printf("\n");
    std::fflush(stdout);
  }

  int failures() const { return failures_; }

 private:
  static std::string name(const Run& run) { return run.run_name.function_name; }
  int failures_ = 0;
};

int profile_once(const std::string& filter) {
  const std::regex wanted(filter);
  for (const cases::Case& k : cases::registry().cases)
    if (k.cuda && std::regex_search(name_of_case(k), wanted)) {
      DeviceCase(k).once();
      std::printf("%s\n", name_of_case(k).c_str());
    }
  return 0;
}

int run(std::vector<std::string> arguments) {
  bool all = false, once = false;
  std::string filter = ".";
  std::vector<std::string> rest;
  for (const std::string& a : arguments) {
    if (a == "--all")
      all = true;
    else if (a == "--once")
      once = true;
    else if (a.rfind("--filter=", 0) == 0)
      rest.push_back("--benchmark_filter=" + (filter = a.substr(9)));
    else
      rest.push_back(a);
  }
  const std::string reason = testing::no_device_reason();
  if (!reason.empty()) fail(Fault::device, "bench", "expects a CUDA device; got: ", reason);
  if (once) return profile_once(filter);

  std::vector<char*> argv;
  for (std::string& a : rest) argv.push_back(a.data());
  int argc = int(argv.size());
  benchmark::Initialize(&argc, argv.data());
  if (benchmark::ReportUnrecognizedArguments(argc, argv.data())) return 2;
  const DeviceInfo device = device_info();
  std::printf("%s, %d multiprocessors, L2 %.0f MB; copy %.0f GB/s, matrix product in bf16 %.0f TFLOP/s\n",
              device.name.c_str(), device.multiprocessors, double(device.l2_bytes) / 1e6,
              rates().copy_bytes_per_s / 1e9, rates().flops_per_s / 1e12);
  benchmark::AddCustomContext("gpu", device.name);
  benchmark::AddCustomContext("cuda", cat("driver ", device.driver, ", runtime ", device.runtime));
  benchmark::AddCustomContext("copy_GB_per_s", cat(rates().copy_bytes_per_s / 1e9));
  benchmark::AddCustomContext("matmul_TFLOP_per_s", cat(rates().flops_per_s / 1e12));
  // Of an op that is timed in the formats of CUDA, those alone: its other cases have the sizes of the CPU.
  std::set<std::string> has_own;
  for (const cases::Case& k : cases::registry().cases)
    if (k.cuda && k.bench_only && !k.cpu) has_own.insert(k.op);
  for (const cases::Case& k : cases::registry().cases)
    if (k.cuda && (all || (k.bench_only && !(k.cpu && has_own.count(k.op)))))
      benchmark::RegisterBenchmark(name_of_case(k).c_str(), time_case, &k)
          ->Unit(benchmark::kMicrosecond)
          ->Iterations(1)
          ->Repetitions(kSamples)
          ->UseManualTime();
  MedianReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return reporter.failures() ? 1 : 0;
}

}  // namespace
}  // namespace segue::bench

int main(int argc, char** argv) {
  try {
    return segue::bench::run({argv, argv + argc});
  } catch (const segue::Error& e) {
    std::cerr << "segue: error: " << e.what() << "\n";
    return segue::exit_code(e.fault());
  }
}
