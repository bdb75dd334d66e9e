#include "work_progress.h"

#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "kernels/error.h"
#include "train/run_log.h"

namespace segue {
WorkProgress::WorkProgress(std::string what, int64_t total, int64_t before)
    : what_(std::move(what)),
      total_(total),
      before_(before),
      done_(before),
      terminal_(isatty(STDERR_FILENO)),
      started_(Clock::now()),
      last_(started_) {}

WorkProgress::~WorkProgress() { clear(); }

double WorkProgress::rate() const {
  const double s = std::chrono::duration<double>(Clock::now() - started_).count();
  return s > 0 ? double(done_ - before_) / s : 0;
}

void WorkProgress::at(int64_t done) {
  constexpr auto kQuiet = std::chrono::seconds(2), kEach = std::chrono::seconds(30);
  constexpr auto kTerminalEach = std::chrono::milliseconds(200);
  done_ = done;
  const Clock::time_point now = Clock::now();
  if (now - started_ < kQuiet || now - last_ < (terminal_ ? Clock::duration(kTerminalEach) : Clock::duration(kEach)))
    return;
  last_ = now;
  const double speed = rate();
  char text[64];
  std::snprintf(text, sizeof text, speed < 10 ? "%.2f" : "%.1f", speed);
  const std::string line = cat(what_, ' ', done_, '/', total_, "  ", text, " img/s",
                               speed > 0 ? "  eta " + duration_text(double(total_ - done_) / speed) : "");
  std::cerr << (terminal_ ? "\r" + line + "\033[K" : line + "\n") << std::flush;
  shown_ = terminal_;
}

void WorkProgress::say(const std::string& line) {
  clear();
  std::cerr << line + "\n" << std::flush;
}

void WorkProgress::clear() {
  if (shown_) std::cerr << "\r\033[K" << std::flush;
  shown_ = false;
}

}  // namespace segue
