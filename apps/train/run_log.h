// What a run says: train.log and the terminal for people, metrics.jsonl and event files for programs.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "event_file.h"
#include "run_folder.h"
#include "runtime/json.h"

namespace segue {

class RunLog {
 public:
  /// Opens the files of a run that has done `step` steps: what metrics.jsonl says of later ones, in a life of the run that
  /// was cut off, is taken out. Throws io.
  RunLog(const RunFolder& run, int64_t step, bool resumed);

  /// A line for people: standard error and train.log.
  void say(const std::string& line);
  /// In train.log alone, if the disk takes it: why the run ended.
  void note(const std::string& line) noexcept;
  /// What is going on, on a terminal: replaces the last such line, and vanishes with the next say().
  void status(const std::string& line);
  /// A line of metrics.jsonl, and its numbers as scalars of the event file under "kind/name". `time` is added.
  void record(int64_t step, const std::string& kind, const Json& values);
  EventFile& events() { return events_; }
  /// Returns when all is on the disk.
  void sync();

 private:
  AppendFile log_, metrics_;
  EventFile events_;
  bool terminal_;
  size_t shown_ = 0;  // length of the status
};

/// Removes the lines of metrics.jsonl whose step is above `step`, and whatever is no whole line.
void cut_metrics(const std::string& path, int64_t step);

/// What one line of the log shows.
struct Progress {
  int64_t step = 0, total = 0;
  std::vector<std::pair<std::string, double>>
      values;                               ///< "loss", then its parts "loss_ce", ...; other names as they are
  double rate = 0;                          ///< learning rate
  double images_per_s = 0, data_share = 0;  ///< share of the time that a step waited for data
  uint64_t memory_bytes = 0, memory_limit_bytes = 0;
  double eta_s = 0;
};
/// "12350/40000  loss 0.4312 (ce 0.398 aux 0.083)  lr 7.08e-03  18.4 img/s  data 3%  mem 21.3/139.8 GiB  eta 2:31:07"
std::string progress_line(const Progress& p);
/// 9067 -> "2:31:07"; 200000 -> "2 d 7:33:20".
std::string duration_text(double seconds);

}  // namespace segue
