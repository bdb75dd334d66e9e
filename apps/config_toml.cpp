#include "config_toml.h"

#include <algorithm>

#include "kernels/error.h"

namespace segue {
namespace {

RawValue list_value(const TomlList& list) {
  std::vector<int64_t> integers;
  std::vector<double> numbers;
  for (const TomlValue& v : list) {
    const auto* i = v.as<int64_t>();
    const auto* f = v.as<double>();
    if (!i && !f) return Unsuitable{"a list of other things than numbers"};
    if (i) integers.push_back(*i);
    numbers.push_back(i ? double(*i) : *f);
  }
  if (integers.size() == numbers.size()) return integers;
  return numbers;
}

RawValue value_of(const TomlValue& v) {
  if (const auto* b = v.as<bool>()) return *b;
  if (const auto* i = v.as<int64_t>()) return *i;
  if (const auto* f = v.as<double>()) return *f;
  if (const auto* s = v.as<std::string>()) return *s;
  if (const auto* list = v.as<TomlList>()) return list_value(*list);
  return Unsuitable{v.text()};
}

void flatten(const TomlTable& table, const std::string& prefix, std::vector<RawSetting>& out) {
  for (const TomlEntry& e : table) {
    const std::string key = prefix + e.key;
    const auto* inner = e.value.as<TomlTable>();
    if (inner && !inner->empty())
      flatten(*inner, key + ".", out);
    else
      out.push_back({key, value_of(e.value), e.line});
  }
}

}  // namespace

std::vector<RawSetting> read_toml(const std::string& text, const std::string& name) {
  std::vector<RawSetting> settings;
  flatten(parse_toml(text, name, "a configuration"), "", settings);
  std::stable_sort(settings.begin(), settings.end(),
                   [](const RawSetting& a, const RawSetting& b) { return a.line < b.line; });
  return settings;
}

RawValue read_toml_value(const std::string& text, const std::string& name) {
  const TomlTable table = parse_toml("v = " + text, name, "a value");
  // A line break inside of it may open a second key.
  if (table.size() != 1) throw Error(Fault::usage, cat(name, ": expects one value; got several lines"));
  return value_of(table.front().value);
}

}  // namespace segue
