// TOML text as a flat list of settings.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "config.h"
#include "runtime/toml.h"

namespace segue {

/// A value that no setting can have: a date, a table, a list of lists.
struct Unsuitable {
  std::string what;
};
using RawValue =
    std::variant<bool, int64_t, double, std::string, std::vector<int64_t>, std::vector<double>, Unsuitable>;

struct RawSetting {
  std::string key;  ///< with dots between tables
  RawValue value;
  int line = 0;
};

/// Reads TOML text, in the order of its lines. Throws usage with name:line.
std::vector<RawSetting> read_toml(const std::string& text, const std::string& name);

/// Reads one value. Throws usage, with `name`, if `text` is not one TOML value.
RawValue read_toml_value(const std::string& text, const std::string& name);

}  // namespace segue
