// Nothing is timed that gives wrong results.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "tests/cases/cases.h"

namespace segue::bench {

using Launch = std::function<void(const cases::Case&, cases::Io&)>;

/// True if `launch` gives what the reference of `k` says, within the tests' tolerance.
bool correct(const cases::Case& k, const Launch& launch);

/// Remembers the verdict on each op: a case that is only timed stands on its small twins, since the reference of a
/// large one would take minutes.
class Checked {
 public:
  /// `runs` tells which cases `launch` can run.
  Checked(Launch launch, std::function<bool(const cases::Case&)> runs)
      : launch_(std::move(launch)), runs_(std::move(runs)) {}
  bool operator()(const cases::Case& k);

 private:
  Launch launch_;
  std::function<bool(const cases::Case&)> runs_;
  std::map<std::string, bool> by_op_;
};

}  // namespace segue::bench
