// Times whole steps on the CUDA device, eager and recorded, and prints where the time goes.
//   device_steps [--precision=bf16] [--samples=10] [--modes=eager,graph] [--plans=FILE] [--json=FILE] STEP...
// Modes: eager, graph, profile (where the time goes, by kernel), shadow (no times: two steps with the CPU's kernel beside every
// kernel, and a table of how far they are apart; fails where rounding does not explain it).
// A sample is the mean of several steps, queued one behind the other and waited for once. The table of kernels comes from
// eager steps with an event around every kernel, so its sum is more than a step takes.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

#include "bench/steps.h"

namespace segue::bench {
namespace {

constexpr int kWarmUps = 4;   // two eager runs, the recording, and a replay
constexpr int kProfiled = 3;  // steps behind the table of kernels
constexpr double kSampleMs = 60;

struct Settings {
  Precision precision = Precision::bf16;
  int samples = 10;
  std::string modes = "eager,graph", plans, json;
  std::vector<std::string> steps;
};

struct Row {
  std::string step, mode;
  std::vector<double> ms;
  double step_mib = 0, persistent_mib = 0;
  std::vector<std::pair<std::string, KernelTime>> kernels;
};

Precision precision_named(const std::string& name) {
  for (const Precision p : {Precision::f32, Precision::tf32, Precision::bf16, Precision::fp16})
    if (name == name_of(p)) return p;
  fail(Fault::usage, "device_steps", "expects a precision of f32, tf32, bf16 or fp16; got '", name, "'");
}

Settings parse(const std::vector<std::string>& arguments) {
  Settings s;
  for (const std::string& a : arguments) {
    const size_t equals = a.find('=');
    const std::string key = a.substr(0, equals), value = equals == std::string::npos ? "" : a.substr(equals + 1);
    if (key == "--precision")
      s.precision = precision_named(value);
    else if (key == "--samples")
      s.samples = std::max(std::atoi(value.c_str()), 1);
    else if (key == "--modes")
      s.modes = value;
    else if (key == "--plans")
      s.plans = value;
    else if (key == "--json")
      s.json = value;
    else if (key.rfind("--", 0) == 0)
      fail(Fault::usage, "device_steps", "expects --precision, --samples, --modes, --plans or --json; got '", a, "'");
    else
      s.steps.push_back(step_named(a).name);
  }
  if (s.steps.empty()) fail(Fault::usage, "device_steps", "expects the name of a step; got none");
  return s;
}

double ms_of(Step& step, int count) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < count; ++i) step.run();
  step.finish();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count() / count;
}

Context::Options options_of(const Settings& s, const std::string& mode) {
  Context::Options options;
  options.device = DeviceType::cuda;
  options.precision = s.precision;
  options.seed = 1;
  options.plan_file = s.plans;
  options.record = mode == "graph";
  options.profile = mode == "profile";
  if (mode == "shadow") options.shadow = ShadowMode::report;
  return options;
}

Row time_step(const Settings& s, const std::string& name, const std::string& mode) {
  const std::unique_ptr<Step> step = step_named(name).make(options_of(s, mode));
  ms_of(*step, kWarmUps);
  const int count = std::clamp(int(kSampleMs / ms_of(*step, 2)), 1, 50);
  Row row{name, mode, {}, 0, 0, {}};
  for (int i = 0; i < s.samples; ++i) row.ms.push_back(ms_of(*step, count));
  row.step_mib = double(step->context().step_arena().high_water()) / 1048576;
  row.persistent_mib = double(step->context().persistent_arena().high_water()) / 1048576;
  return row;
}

Row profile_step(const Settings& s, const std::string& name) {
  const std::unique_ptr<Step> step = step_named(name).make(options_of(s, "profile"));
  ms_of(*step, kWarmUps);
  step->context().reset_profile();
  Row row{name, "profile", {ms_of(*step, kProfiled)}, 0, 0, {}};
  const auto& profile = step->context().profile();
  row.kernels.assign(profile.begin(), profile.end());
  for (auto& [kernel, time] : row.kernels) time = {time.calls / kProfiled, time.total_ms / kProfiled};
  std::sort(row.kernels.begin(), row.kernels.end(),
            [](const auto& a, const auto& b) { return a.second.total_ms > b.second.total_ms; });
  return row;
}

/// True if every kernel agrees with its CPU overload.
bool shadow_step(const Settings& s, const std::string& name) {
  const std::unique_ptr<Step> step = step_named(name).make(options_of(s, "shadow"));
  ms_of(*step, 2);
  bool agrees = true;
  std::printf("%-28s shadow, %s: error / allowed\n", name.c_str(), name_of(s.precision));
  for (const auto& [kernel, report] : step->context().shadows()) {
    std::printf("  %-28s %6.0f calls %10.3f\n", kernel.c_str(), double(report.calls), report.worst);
    if (report.worst <= 1) continue;
    agrees = false;
    std::printf("    %s\n", report.where.c_str());
  }
  std::fflush(stdout);
  return agrees;
}

double median(std::vector<double> v) {
  std::nth_element(v.begin(), v.begin() + ptrdiff_t(v.size() / 2), v.end());
  return v[v.size() / 2];
}

void print(const Row& row) {
  const double middle = median(row.ms);
  if (row.kernels.empty()) {
    const auto [low, high] = std::minmax_element(row.ms.begin(), row.ms.end());
    std::printf("%-28s %-8s %9.3f ms  spread %4.1f %%  %6.0f MiB\n", row.step.c_str(), row.mode.c_str(), middle,
                100 * (*high - *low) / middle, row.step_mib + row.persistent_mib);
  } else {
    double total = 0;
    for (const auto& [kernel, time] : row.kernels) total += time.total_ms;
    for (const auto& [kernel, time] : row.kernels)
      std::printf("  %-28s %6.0f calls %9.3f ms  %5.1f %%\n", kernel.c_str(), double(time.calls), time.total_ms,
                  100 * time.total_ms / total);
    std::printf("  %-28s %12s %9.3f ms\n", "all kernels", "", total);
  }
  std::fflush(stdout);
}

void write_json(const Settings& s, const std::vector<Row>& rows) {
  std::ostringstream out;
  out << "[";
  for (size_t r = 0; r < rows.size(); ++r) {
    const Row& row = rows[r];
    out << (r ? ",\n " : "\n ") << R"({"step": ")" << row.step << R"(", "mode": ")" << row.mode
        << R"(", "precision": ")" << name_of(s.precision) << R"(", "step_mib": )" << row.step_mib
        << R"(, "persistent_mib": )" << row.persistent_mib << R"(, "ms": [)";
    for (size_t i = 0; i < row.ms.size(); ++i) out << (i ? ", " : "") << row.ms[i];
    out << R"(], "kernels": [)";
    for (size_t i = 0; i < row.kernels.size(); ++i)
      out << (i ? ", " : "") << R"({"name": ")" << row.kernels[i].first << R"(", "calls": )"
          << row.kernels[i].second.calls << R"(, "ms": )" << row.kernels[i].second.total_ms << "}";
    out << "]}";
  }
  out << "\n]\n";
  if (!(std::ofstream(s.json) << out.str())) fail(Fault::io, "device_steps", "expects to write ", s.json);
}

int run(const Settings& s) {
  const std::string problem = cuda_problem();
  if (!problem.empty()) fail(Fault::device, "device_steps", "expects a CUDA device; got: ", problem);
  std::vector<Row> rows;
  std::istringstream modes(s.modes);
  bool agrees = true;
  for (std::string mode; std::getline(modes, mode, ',');)
    for (const std::string& step : s.steps) {
      if (mode == "shadow") {
        agrees = shadow_step(s, step) && agrees;
        continue;
      }
      rows.push_back(mode == "profile" ? profile_step(s, step) : time_step(s, step, mode));
      print(rows.back());
      if (!s.json.empty()) write_json(s, rows);
    }
  if (!agrees)
    fail(Fault::internal, "device_steps", "expects every kernel to agree with its CPU overload; see the table above");
  return 0;
}

}  // namespace
}  // namespace segue::bench

int main(int argc, char** argv) {
  try {
    return segue::bench::run(segue::bench::parse({argv + 1, argv + argc}));
  } catch (const segue::Error& e) {
    std::cerr << "segue: error: " << e.what() << "\n";
    return segue::exit_code(e.fault());
  }
}
