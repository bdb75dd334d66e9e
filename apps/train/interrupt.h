// Signals that ask a run to end: it finishes its step and saves first.
#pragma once

#include <stdexcept>

namespace segue {

/// Ends the program with 128 + signal after everything is saved; `what` says where it can be taken up again.
class Interrupted : public std::runtime_error {
 public:
  Interrupted(int signal, const std::string& what) : std::runtime_error(what), signal_(signal) {}
  int signal() const { return signal_; }

 private:
  int signal_;
};

/// While one lives, SIGINT and SIGTERM are noted; a second one ends the program at once. One within another sees the signals of
/// both. Belongs to the main thread.
class InterruptWatch {
 public:
  InterruptWatch();
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  /// The signal that came, or 0.
  static int signal();
};

}  // namespace segue
