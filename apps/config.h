// Configurations: one table of settings per task, TOML files over its defaults, --set over those.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace segue {

enum class Task { segment, translate, adapt };
const char* name_of(Task task);
/// Throws usage unless `name` is a task.
Task task_named(const std::string& name);

/// A setting's value; lists have the length of their default.
using Value = std::variant<bool, int64_t, double, std::string, std::vector<int64_t>, std::vector<double>>;

/// Values that are allowed: least <= v <= most, of every element of a list; `open`: least < v.
struct Range {
  double least = -std::numeric_limits<double>::infinity(), most = std::numeric_limits<double>::infinity();
  bool open = false;
};

/// One row of a schema. The default decides the type.
struct Setting {
  std::string key;   ///< "optim.rate": table and name
  Value standard;    ///< the default
  std::string unit;  ///< "px", "steps"; "" for none
  std::string help;
  Range range = {};
  std::vector<std::string> choices = {};  ///< of a text or an integer; empty: any
};

/// The settings of a task, table by table.
const std::vector<Setting>& schema(Task task);

/// A complete, checked set of values.
class Config {
 public:
  explicit Config(Task task) : task_(task) {}

  Task task() const { return task_; }
  /// The value of a setting, T one of Value's types. Throws invalid_argument for a key or type that the schema lacks.
  template <class T>
  const T& get(const std::string& key) const {
    return std::get<T>(value(key, Value(T()).index()));
  }
  const Value& value(const std::string& key) const;
  /// True if a file or --set gave the value.
  bool is_set(const std::string& key) const { return given_.count(key) > 0; }
  /// The same with another value of a setting, of its type; not checked. Its origin stays.
  Config with(const std::string& key, Value value) const;
  /// Where the value came from: "x.toml:12", "--set optim.rate", or "default".
  std::string origin(const std::string& key) const;

 private:
  friend class ConfigReader;
  const Value& value(const std::string& key, size_t type) const;

  struct Given {
    Value value;
    std::string origin;
  };
  Task task_;
  std::map<std::string, Given> given_;
};

/// Reads a TOML file and applies `overrides`, each "table.name=VALUE": VALUE is TOML, or else plain text. Throws usage
/// with file:line for text that is not TOML, for unknown keys (naming the nearest), wrong types, values out of range or
/// that contradict each other.
Config load_config(const std::string& path, const std::vector<std::string>& overrides = {});
/// The same of TOML text; `name` stands for the file in messages.
Config parse_config(const std::string& text, const std::string& name, const std::vector<std::string>& overrides = {});

/// "0.01", "true", "\"poly\"", "[512, 1024]": as TOML that reads back as the same value.
std::string value_text(const Value& v);
/// "number", "[integer, integer]".
std::string type_text(const Value& v);
/// The range or choices of a setting: "32 to 8192", "sgd or adam", "a number above 0"; "" if any value will do.
std::string range_text(const Setting& s);
/// The whole configuration as TOML, which loads as the same one; what was not given is marked as a default.
std::string config_text(const Config& config);
/// A file to start from: every setting with its default, unit, range and meaning.
std::string default_text(Task task);
/// A table of the schema: key, type, default, unit, range or choices, meaning.
std::string schema_text(Task task);

}  // namespace segue
