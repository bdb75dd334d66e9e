// Configurations and schemas as text.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "config.h"
#include "config_toml.h"
#include "kernels/error.h"

namespace segue {
namespace {

std::string number_text(double v) {
  if (std::isnan(v)) return "nan";
  if (std::isinf(v)) return v > 0 ? "inf" : "-inf";
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, v).ptr;  // the shortest that reads back as v
  std::string s(text, end);
  return s.find_first_of(".e") == std::string::npos ? s + ".0" : s;
}

/// As people write limits: 0.5, 8192.
std::string limit_text(double v) {
  std::string s = number_text(v);
  if (s.size() > 2 && s.compare(s.size() - 2, 2, ".0") == 0) s.resize(s.size() - 2);
  return s;
}

std::string table_of(const std::string& key) { return key.substr(0, key.find('.')); }
std::string name_in_table(const std::string& key) { return key.substr(key.find('.') + 1); }

std::string padded(std::string text, size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

/// Unit, range, meaning: what stands behind a default.
std::string explanation(const Setting& s) {
  std::string text = s.help;
  if (!s.unit.empty()) text += cat(" [", s.unit, "]");
  const std::string range = range_text(s);
  return range.empty() ? text : cat(text, "; ", range);
}

/// Calls row(setting) for every setting, and opens its table when it changes: tables are printed once each, whatever
/// the order of the schema.
template <class Row>
std::string by_table(Task task, Row&& row) {
  std::vector<std::string> tables;
  for (const Setting& s : schema(task))
    if (std::find(tables.begin(), tables.end(), table_of(s.key)) == tables.end()) tables.push_back(table_of(s.key));
  std::string text;
  for (const std::string& table : tables) {
    text += cat("\n[", table, "]\n");
    for (const Setting& s : schema(task))
      if (table_of(s.key) == table) text += row(s);
  }
  return text;
}

}  // namespace

std::string value_text(const Value& v) {
  const auto list = [](const auto& values, auto&& text) {
    std::string s = "[";
    for (size_t i = 0; i < values.size(); ++i) s += (i ? ", " : "") + text(values[i]);
    return s + "]";
  };
  if (const auto* b = std::get_if<bool>(&v)) return *b ? "true" : "false";
  if (const auto* n = std::get_if<int64_t>(&v)) return std::to_string(*n);
  if (const auto* n = std::get_if<double>(&v)) return number_text(*n);
  if (const auto* t = std::get_if<std::string>(&v)) return toml_string(*t);
  if (const auto* l = std::get_if<std::vector<int64_t>>(&v))
    return list(*l, [](int64_t n) { return std::to_string(n); });
  return list(std::get<std::vector<double>>(v), number_text);
}

std::string type_text(const Value& v) {
  const auto list = [](size_t n, const char* of) {
    std::string s = "[";
    for (size_t i = 0; i < std::min<size_t>(n, 4); ++i) s += (i ? ", " : "") + std::string(of);
    return s + (n > 4 ? ", ...]" : "]");
  };
  if (std::holds_alternative<bool>(v)) return "true or false";
  if (std::holds_alternative<int64_t>(v)) return "integer";
  if (std::holds_alternative<double>(v)) return "number";
  if (std::holds_alternative<std::string>(v)) return "text";
  if (const auto* l = std::get_if<std::vector<int64_t>>(&v)) return list(l->size(), "integer");
  return list(std::get<std::vector<double>>(v).size(), "number");
}

std::string range_text(const Setting& s) {
  std::string text;
  for (size_t i = 0; i < s.choices.size(); ++i)
    text += (i == 0 ? "" : i + 1 == s.choices.size() ? " or " : ", ") + s.choices[i];
  if (!text.empty()) return text;
  const Range& r = s.range;
  const bool low = std::isfinite(r.least), high = std::isfinite(r.most);
  if (low) text = cat(r.open ? "above " : high ? "" : "at least ", limit_text(r.least));
  if (high) text += cat(!low ? "at most " : r.open ? ", at most " : " to ", limit_text(r.most));
  return text;
}

std::string config_text(const Config& config) {
  return cat("task = ", toml_string(name_of(config.task())), "\n") + by_table(config.task(), [&](const Setting& s) {
           const std::string line = cat(name_in_table(s.key), " = ", value_text(config.value(s.key)));
           return config.is_set(s.key) ? line + "\n" : padded(line, 40) + "  # default\n";
         });
}

std::string default_text(Task task) {
  return cat("task = ", toml_string(name_of(task)), "\n") + by_table(task, [](const Setting& s) {
           return padded(cat(name_in_table(s.key), " = ", value_text(s.standard)), 32) + "  # " + explanation(s) + "\n";
         });
}

std::string schema_text(Task task) {
  const auto row = [](const std::string& key, const std::string& type, const std::string& standard,
                      const std::string& unit, const std::string& range, const std::string& help) {
    return padded(key, 34) + padded(type, 26) + padded(standard, 24) + padded(unit, 9) + padded(range, 30) + help +
           "\n";
  };
  std::string text = row("key", "type", "default", "unit", "allowed", "meaning");
  text += row("task", "text", toml_string(name_of(task)), "", "segment, translate or adapt", "what the file describes");
  for (const Setting& s : schema(task))
    text += row(s.key, type_text(s.standard), value_text(s.standard), s.unit, range_text(s), s.help);
  return text;
}

}  // namespace segue
