// From keys and values to a checked configuration.
#pragma once

#include <string>
#include <vector>

#include "config.h"
#include "config_toml.h"

namespace segue {

/// Builds one Config: values are taken in order, later ones replace earlier ones; check() ends it.
class ConfigReader {
 public:
  explicit ConfigReader(Task task) : config_(task) {}

  /// Takes one value; `origin` begins the messages. Throws usage for a key that the schema lacks, a value of another
  /// type, or out of range.
  void take(const RawSetting& raw, const std::string& origin);
  /// Checks what depends on several settings, and settles what follows from others.
  Config check();

 private:
  void given(const std::string& key, Value value, const std::string& origin);

  Config config_;
};

}  // namespace segue
