#include "toml.h"

// Header-only, and a limit on nested values that no file of segue reaches: the library's tables are freed by
// recursion, and depth is stack.
#define TOML_HEADER_ONLY 1
#define TOML_MAX_NESTED_VALUES 8
#include <toml++/toml.h>

#include <algorithm>

#include "kernels/error.h"
#include "text.h"

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

TomlTable entries(const toml::table& table);

TomlValue value_of(const toml::node& n) {
  TomlValue v{TomlDate{}, int(n.source().begin.line)};
  if (const auto* b = n.as_boolean()) {
    v.value = b->get();
  } else if (const auto* i = n.as_integer()) {
    v.value = int64_t(i->get());
  } else if (const auto* f = n.as_floating_point()) {
    v.value = f->get();
  } else if (const auto* s = n.as_string()) {
    v.value = s->get();
  } else if (const auto* list = n.as_array()) {
    TomlList all;
    all.reserve(list->size());
    for (const toml::node& element : *list) all.push_back(value_of(element));
    v.value = std::move(all);
  } else if (const auto* table = n.as_table()) {
    v.value = entries(*table);
  }
  return v;
}

TomlTable entries(const toml::table& table) {
  TomlTable all;
  all.reserve(table.size());
  for (const auto& [name, node] : table)
    all.push_back({std::string(name.str()), value_of(node), int(name.source().begin.line)});
  std::stable_sort(all.begin(), all.end(), [](const TomlEntry& a, const TomlEntry& b) { return a.line < b.line; });
  return all;
}

}  // namespace

std::string TomlValue::text() const {
  if (const auto* b = as<bool>()) return *b ? "true" : "false";
  if (const auto* i = as<int64_t>()) return cat("the integer ", *i);
  if (const auto* f = as<double>()) return cat("the number ", *f);
  if (const auto* s = as<std::string>()) return cat("the text ", quote(*s));
  if (as<TomlList>()) return "a list";
  return as<TomlTable>() ? "a table" : "a date or time";
}

TomlTable parse_toml(std::string_view text, const std::string& name, const std::string& what) {
  if (text.size() > kMaxBytes)
    throw Error(Fault::usage, cat(name, ": expects ", what, " of at most ", kMaxBytes, " bytes; got more"));
  if (const int line = line_of_deep_key(text))
    throw Error(Fault::usage, cat(name, ":", line, ": expects keys of at most ", kMaxDots, " parts; got more"));
  try {
    return entries(toml::parse(text));
  } catch (const toml::parse_error& e) {
    throw Error(Fault::usage, cat(name, ":", e.source().begin.line, ": not valid TOML: ", plain_text(e.description())));
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
