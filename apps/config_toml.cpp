#include "config_toml.h"

// Header-only, and a limit on nested values that a configuration never reaches: the library's tables are freed by
// recursion, and depth is stack.
#define TOML_HEADER_ONLY 1
#define TOML_MAX_NESTED_VALUES 8
#include <toml++/toml.h>

#include <algorithm>

#include "kernels/error.h"
#include "runtime/text.h"

namespace segue {
namespace {

constexpr size_t kMaxBytes = 1 << 20;
constexpr int kMaxDots = 64;

/// Dotted keys nest without a limit of the library's: "a.a.a..." of a megabyte would overflow the stack. Dots in
/// numbers and in text count too, where no separator stands between them.
int line_of_deep_key(std::string_view text) {
  int line = 1, dots = 0;
  for (const char c : text) {
    if (c == '.' && ++dots > kMaxDots) return line;
    if (std::string_view("=,[]{}#\n").find(c) != std::string_view::npos) dots = 0;
    line += c == '\n';
  }
  return 0;
}

RawValue list_value(const toml::array& list) {
  std::vector<int64_t> integers;
  std::vector<double> numbers;
  for (const toml::node& n : list) {
    if (!n.is_number()) return Unsuitable{"a list of other things than numbers"};
    if (const auto* i = n.as_integer()) integers.push_back(i->get());
    numbers.push_back(n.is_integer() ? double(n.as_integer()->get()) : n.as_floating_point()->get());
  }
  if (integers.size() == numbers.size()) return integers;
  return numbers;
}

RawValue value_of(const toml::node& n) {
  if (const auto* v = n.as_boolean()) return v->get();
  if (const auto* v = n.as_integer()) return int64_t(v->get());
  if (const auto* v = n.as_floating_point()) return v->get();
  if (const auto* v = n.as_string()) return v->get();
  if (const auto* v = n.as_array()) return list_value(*v);
  return Unsuitable{n.is_table() ? "a table" : "a date or time"};
}

void flatten(const toml::table& table, const std::string& prefix, std::vector<RawSetting>& out) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    const toml::table* inner = node.as_table();
    if (inner && !inner->empty())
      flatten(*inner, key + ".", out);
    else
      out.push_back({key, value_of(node), int(name.source().begin.line)});
  }
}

}  // namespace

std::vector<RawSetting> read_toml(const std::string& text, const std::string& name) {
  if (text.size() > kMaxBytes)
    throw Error(Fault::usage, cat(name, ": expects a configuration of at most ", kMaxBytes, " bytes; got more"));
  if (const int line = line_of_deep_key(text))
    throw Error(Fault::usage, cat(name, ":", line, ": expects keys of at most ", kMaxDots, " parts; got more"));
  std::vector<RawSetting> settings;
  try {
    flatten(toml::parse(std::string_view(text)), "", settings);
  } catch (const toml::parse_error& e) {
    throw Error(Fault::usage, cat(name, ":", e.source().begin.line, ": not valid TOML: ", plain_text(e.description())));
  }
  std::stable_sort(settings.begin(), settings.end(),
                   [](const RawSetting& a, const RawSetting& b) { return a.line < b.line; });
  return settings;
}

bool read_toml_value(const std::string& text, RawValue& value) {
  if (text.size() > kMaxBytes || line_of_deep_key(text)) return false;
  try {
    const toml::table table = toml::parse("v = " + text);
    if (table.size() != 1) return false;  // a line break inside VALUE opened a second key
    value = value_of(table.begin()->second);
    return true;
  } catch (const toml::parse_error&) {
    return false;
  }
}

std::string toml_string(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04X", byte);
      out += escape;
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace segue
