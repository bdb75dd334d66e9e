#include "run_log.h"

#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "kernels/error.h"
#include "runtime/atomic_file.h"
#include "runtime/text.h"

namespace segue {
namespace {

template <class... Args>
std::string printed(const char* format, Args... args) {
  char text[200];
  std::snprintf(text, sizeof text, format, args...);
  return text;
}

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

/// The file, ready to be opened for what comes after `step`.
std::string cut(const std::string& path, int64_t step) {
  cut_metrics(path, step);
  return path;
}

/// Numbers, of nested objects too, under names with '/' between them.
void add_scalars(const std::string& name, const Json& value, std::vector<std::pair<std::string, double>>& all) {
  if (value.is_number() && std::isfinite(value.number())) all.emplace_back(name, value.number());
  if (!value.is_object()) return;
  for (const auto& [key, member] : value.members()) add_scalars(name + "/" + key, member, all);
}

}  // namespace

RunLog::RunLog(const RunFolder& run, int64_t step, bool resumed)
    : log_(run.file("train.log")),
      metrics_(cut(run.file("metrics.jsonl"), step)),
      events_(run.path(), resumed ? step + 1 : 0),
      terminal_(isatty(STDERR_FILENO)) {}

void RunLog::say(const std::string& line) {
  status("");
  std::cerr << line + "\n" << std::flush;
  log_.append(line + "\n");
}

void RunLog::note(const std::string& line) noexcept {
  try {
    log_.append(line + "\n");
  } catch (const Error&) {
  }
}

void RunLog::status(const std::string& line) {
  if (!terminal_ || (line.empty() && shown_ == 0)) return;
  std::cerr << "\r" + line + "\033[K" + (line.empty() ? "\r" : "") << std::flush;
  shown_ = line.size();
}

void RunLog::record(int64_t step, const std::string& kind, const Json& values) {
  Json line = Json::object();
  line.set("step", step).set("time", std::round(now() * 1000) / 1000).set("kind", kind);
  std::vector<std::pair<std::string, double>> scalars;
  for (const auto& [name, value] : values.members()) {
    line.set(name, value);
    add_scalars(kind + "/" + name, value, scalars);
  }
  metrics_.append(line.dump() + "\n");
  events_.scalars(step, scalars);
}

void RunLog::sync() {
  log_.sync();
  metrics_.sync();
  events_.sync();
}

void cut_metrics(const std::string& path, int64_t step) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return;
  std::string kept, line;
  bool cut = false;
  while (std::getline(file, line)) {
    bool keep = !file.eof();  // the last line ends, or its writer died in it
    try {
      keep = keep && Json::parse(line, path).integer("step") <= step;
    } catch (const Error&) {
      keep = false;
    }
    if (keep) kept += line + "\n";
    cut = cut || !keep;
  }
  if (cut) write_file(path, kept);
}

std::string progress_line(const Progress& p) {
  std::string line = cat(p.step, "/", p.total);
  std::string parts;
  for (const auto& [name, value] : p.values) {
    if (name.rfind("loss_", 0) == 0)
      parts += cat(parts.empty() ? "" : " ", name.substr(5), printed(" %.3f", value));
    else
      line += cat("  ", name, printed(" %.4f", value));
  }
  if (!parts.empty()) line += cat(" (", parts, ")");
  constexpr double kGiB = 1 << 30;
  line += printed("  lr %.2e  %.*f img/s  data %.0f%%", p.rate, p.images_per_s < 10 ? 2 : 1, p.images_per_s,
                  100 * p.data_share);
  line += printed("  mem %.1f/%.1f GiB", double(p.memory_bytes) / kGiB, double(p.memory_limit_bytes) / kGiB);
  return line + "  eta " + duration_text(p.eta_s);
}

std::string duration_text(double seconds) {
  const int64_t s = std::max<int64_t>(0, int64_t(std::llround(seconds)));
  std::string text = s >= 86400 ? cat(s / 86400, " d ") : "";
  return text + printed("%lld:%02lld:%02lld", static_cast<long long>(s / 3600 % 24),
                        static_cast<long long>(s / 60 % 60), static_cast<long long>(s % 60));
}

}  // namespace segue
