// Tests that need a program of others: skipped where it is missing, but a failure where it was installed for them.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace segue::testing {

/// SEGUE_REQUIRE_TOOLS=1, which scripts/test sets: it has installed what tests need.
inline bool tools_required() {
  const char* set = std::getenv("SEGUE_REQUIRE_TOOLS");
  return set && std::string(set) == "1";
}

}  // namespace segue::testing

/// Ends the test: skipped, or failed.
#define SEGUE_TOOL_MISSING(reason)                                                              \
  do {                                                                                          \
    if (::segue::testing::tools_required()) FAIL() << "SEGUE_REQUIRE_TOOLS=1, but: " << reason; \
    GTEST_SKIP() << reason;                                                                     \
  } while (false)
