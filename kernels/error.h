// The one exception type, and the checks that throw it.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace segue {

/// What went wrong, as far as a caller can act on it; decides the exit code of the program.
enum class Fault {
  invalid_argument,  ///< a caller broke a contract: shapes, dtypes, ranges
  usage,             ///< command line or configuration
  data,              ///< an image, label, pack or weight file
  out_of_memory,     ///< an arena could not grow
  device,            ///< CUDA, cuDNN or cuBLAS reported a failure
  io,                ///< reading or writing failed for reasons of the system
  diverged,          ///< a loss or a tensor stopped being finite
  internal,          ///< a bug in segue
};

class Error : public std::runtime_error {
 public:
  Error(Fault fault, const std::string& message) : std::runtime_error(message), fault_(fault) {}
  Fault fault() const noexcept { return fault_; }

 private:
  Fault fault_;
};

/// Exit code of the program for a fault: 1 runtime, 2 usage, 3 data, 4 diverged.
constexpr int exit_code(Fault fault) {
  switch (fault) {
    case Fault::usage: return 2;
    case Fault::data: return 3;
    case Fault::diverged: return 4;
    default: return 1;
  }
}

/// All arguments, streamed one behind the other.
template <class... Args>
std::string cat(const Args&... args) {
  std::ostringstream s;
  (s << ... << args);
  return s.str();
}

/// Throws Error(fault, "[where] ..."). Say what was expected, then what came, then what to do.
template <class... Args>
[[noreturn]] void fail(Fault fault, const char* where, const Args&... what) {
  throw Error(fault, cat('[', where, "] ", what...));
}

/// Throws invalid_argument unless `ok`: require(x.ok(), "conv2d", "expects ...; got ", x.shape).
template <class... Args>
void require(bool ok, const char* where, const Args&... what) {
  if (!ok) [[unlikely]]
    fail(Fault::invalid_argument, where, what...);
}

}  // namespace segue
