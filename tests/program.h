// The built `segue`, run as a user runs it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "tests/files.h"

namespace segue::testing {

class ProgramTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* build = std::getenv("SEGUE_BINARY_DIR");
    ASSERT_NE(build, nullptr) << "run by ctest, which sets SEGUE_BINARY_DIR";
    program_ = std::string(build) + "/bin/segue";
    ASSERT_TRUE(std::filesystem::exists(program_)) << program_;
  }
  Finished run(const std::string& arguments, const std::string& environment = "", const std::string& after = "") {
    return run_shell(folder_, environment + " '" + program_ + "' " + arguments + " " + after);
  }
  /// Runs what must fail: exit code, nothing on standard output, one line on standard error.
  std::string error(const std::string& arguments, int code) {
    const Finished f = run(arguments);
    EXPECT_EQ(f.status, code) << arguments;
    EXPECT_EQ(f.out, "") << arguments;
    EXPECT_EQ(f.err.rfind("segue: error: ", 0), 0u) << f.err;
    EXPECT_EQ(f.err.find('\n'), f.err.size() - 1) << f.err;
    return f.err.substr(std::min(f.err.size(), size_t(14)), f.err.size() - std::min(f.err.size(), size_t(15)));
  }

  ScratchFolder folder_;
  std::string program_;
};

}  // namespace segue::testing
