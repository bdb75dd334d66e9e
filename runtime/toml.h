// TOML text as a tree of values. Its .cpp is the one place that knows the TOML library.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace segue {

struct TomlValue;
struct TomlEntry;
struct TomlDate {};  ///< a date or a time: nothing in segue is one

using TomlList = std::vector<TomlValue>;
using TomlTable = std::vector<TomlEntry>;  ///< in the order of the text

struct TomlValue {
  std::variant<bool, int64_t, double, std::string, TomlList, TomlTable, TomlDate> value;
  int line = 0;

  template <class T>
  const T* as() const {
    return std::get_if<T>(&value);
  }
  /// "the integer 3", "a list": what came instead, for messages.
  std::string text() const;
};

struct TomlEntry {
  std::string key;
  TomlValue value;
  int line = 0;  ///< of the key
};

/// Reads TOML text of at most 1 MiB; `what` it is ("a configuration") and `name` serve messages. Throws usage with
/// name:line.
TomlTable parse_toml(std::string_view text, const std::string& name, const std::string& what);

/// A TOML string with its quotes.
std::string toml_string(const std::string& text);

}  // namespace segue
