#include "config.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>

#include "config_reader.h"
#include "config_toml.h"
#include "kernels/error.h"
#include "runtime/text.h"

namespace segue {
namespace {

constexpr size_t kMaxFileBytes = (1 << 20) + 1;  // one more than the reader takes: enough to be refused

const Setting& setting(Task task, const std::string& key) {
  for (const Setting& s : schema(task))
    if (s.key == key) return s;
  fail(Fault::invalid_argument, "config", "expects a key of task ", name_of(task), "; got ", quote(key));
}

/// The task of a file: its first key, by custom, but any place will do.
Task task_of(const std::vector<RawSetting>& settings, const std::string& name) {
  for (const RawSetting& s : settings) {
    if (s.key != "task") continue;
    const auto* text = std::get_if<std::string>(&s.value);
    if (!text)
      throw Error(Fault::usage,
                  cat(name, ":", s.line, ": 'task' expects \"segment\", \"translate\" or \"adapt\"; got another type"));
    try {
      return task_named(*text);
    } catch (const Error& e) {
      throw Error(Fault::usage, cat(name, ":", s.line, ": ", e.what()));
    }
  }
  throw Error(Fault::usage,
              cat(name, ": expects a line such as task = \"segment\" (or \"translate\", \"adapt\"); got none"));
}

/// True for digits, with a sign or without, that no 64 bits hold.
bool integer_overflows(const std::string& text) {
  const char *begin = text.data() + (text.substr(0, 1) == "+"), *end = text.data() + text.size();
  int64_t value = 0;
  const auto r = std::from_chars(begin, end, value);
  return r.ec == std::errc::result_out_of_range && r.ptr == end;
}

/// VALUE of a --set as TOML or, if it isn't, as text; but what begins with a quote or a bracket was meant as TOML.
RawValue override_value(const std::string& text, const std::string& origin) {
  try {
    return read_toml_value(text, origin);
  } catch (const Error& e) {
    const size_t first = text.find_first_not_of(" \t");
    if (first == std::string::npos || std::string_view("\"'[").find(text[first]) == std::string_view::npos) return text;
    throw Error(e.fault(), cat(e.what(), "; got ", quote(text)));
  }
}

/// One --set: VALUE is TOML where that gives the type wanted, else it is taken as text.
void apply(ConfigReader& reader, Task task, const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    throw Error(Fault::usage, cat("--set expects table.name=VALUE; got ", quote(text)));
  const std::string key = text.substr(0, equals), value = text.substr(equals + 1);
  const std::string origin = cat("--set ", plain_text(key));
  if (key == "task")
    throw Error(Fault::usage, cat(origin, ": expects the task to be set in the file; got an override"));
  if (!is_utf8(value)) throw Error(Fault::usage, cat(origin, ": expects UTF-8; got ", quote(value)));
  RawSetting raw{key, value, 0};
  bool wants_text = false;
  for (const Setting& s : schema(task)) wants_text |= s.key == key && std::holds_alternative<std::string>(s.standard);
  if (!wants_text && integer_overflows(value))
    throw Error(Fault::usage, cat(origin, ": the integer ", plain_text(value), " is out of range, ",
                                  std::numeric_limits<int64_t>::min(), " to ", std::numeric_limits<int64_t>::max()));
  if (RawValue parsed = override_value(value, origin); !wants_text || std::holds_alternative<std::string>(parsed))
    raw.value = std::move(parsed);
  reader.take(raw, origin);
}

}  // namespace

const Value& Config::value(const std::string& key) const {
  const auto it = given_.find(key);
  return it != given_.end() ? it->second.value : setting(task_, key).standard;
}

const Value& Config::value(const std::string& key, size_t type) const {
  const Value& v = value(key);
  require(v.index() == type, "config", "'", key, "' is ", type_text(v), "; asked for another type");
  return v;
}

Config Config::with(const std::string& key, Value value) const {
  require(value.index() == setting(task_, key).standard.index(), "config", "'", key,
          "' is given a value of another type");
  Config other = *this;
  other.given_[key] = {std::move(value), origin(key)};
  return other;
}

std::string Config::origin(const std::string& key) const {
  const auto it = given_.find(key);
  return it != given_.end() ? it->second.origin : "default";
}

Config parse_config(const std::string& text, const std::string& name, const std::vector<std::string>& overrides) {
  const std::string file = plain_text(name);
  const std::vector<RawSetting> settings = read_toml(text, file);
  const Task task = task_of(settings, file);
  ConfigReader reader(task);
  for (const RawSetting& s : settings)
    if (s.key != "task") reader.take(s, cat(file, ":", s.line));
  for (const std::string& o : overrides) apply(reader, task, o);
  return reader.check();
}

Config load_config(const std::string& path, const std::vector<std::string>& overrides) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxFileBytes, '\0');
  if (file) file.read(text.data(), std::streamsize(text.size()));
  if (!file && !file.eof())
    throw Error(Fault::usage, cat("cannot read configuration ", quote(path), ": ", std::strerror(errno)));
  text.resize(size_t(file.gcount()));
  return parse_config(text, path, overrides);
}

}  // namespace segue
