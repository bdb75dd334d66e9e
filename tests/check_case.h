// Runs a case and checks it: reference, guard zones, untouched inputs, same bits twice.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/cases/cases.h"
#include "tests/tolerance.h"

namespace segue::testing {

/// Scratch of exactly the size asked for, so that AddressSanitizer sees an overrun.
class HostScratch : public Scratch {
 public:
  void* get(size_t bytes) override;
  ~HostScratch() override;

 private:
  void* block_ = nullptr;
};

/// Compares against `want` under the tolerance; records a gtest failure that names the worst element. `rms_group` 0:
/// rms over the whole. Returns the largest error / allowed.
double expect_close(const cases::Array& got, const cases::Array& want, const Tolerance& tolerance, int64_t rms_group,
                    const std::string& what, double widen = 1);

/// Runs `launch` twice on fresh operands of `k` and checks everything that must hold.
void check_case(const cases::Case& k, const std::function<void(cases::Io&)>& launch);

/// A gtest name for a case: letters, digits and underscores.
std::string case_test_name(const ::testing::TestParamInfo<const cases::Case*>& info);
std::string identifier(const std::string& text);

}  // namespace segue::testing
