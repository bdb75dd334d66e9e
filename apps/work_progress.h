// How far a command is that goes over many images.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace segue {

/// Writes to standard error, from the second second on: on a terminal a line that replaces itself, "translating 120/2975 4.1 img/s
/// eta 0:11:36"; elsewhere a line every half minute, so that logs of a job show life and stay short.
class WorkProgress {
 public:
  /// `what`: "translating". `before`: images that were done by an earlier run.
  WorkProgress(std::string what, int64_t total, int64_t before = 0);
  /// Removes its line from a terminal.
  ~WorkProgress();
  WorkProgress(const WorkProgress&) = delete;
  WorkProgress& operator=(const WorkProgress&) = delete;

  /// So many images are done, of all.
  void at(int64_t done);
  /// A line of its own, such as a warning.
  void say(const std::string& line);
  /// Removes its line from a terminal until the next at(), so that something else can be written there.
  void clear();
  /// Images a second since the start.
  double rate() const;

 private:
  using Clock = std::chrono::steady_clock;

  std::string what_;
  int64_t total_, before_, done_;
  bool terminal_, shown_ = false;
  Clock::time_point started_, last_;
};

}  // namespace segue
