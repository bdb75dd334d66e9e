#include "config_reader.h"

#include <algorithm>
#include <cmath>

#include "kernels/error.h"
#include "runtime/text.h"

namespace segue {
namespace {

template <class... Args>
[[noreturn]] void refuse(const std::string& origin, const Args&... what) {
  throw Error(Fault::usage, cat(origin, ": ", what...));
}

size_t length_of(const Value& v) {
  if (const auto* list = std::get_if<std::vector<int64_t>>(&v)) return list->size();
  if (const auto* list = std::get_if<std::vector<double>>(&v)) return list->size();
  return 1;
}

/// What came, short enough for a message.
std::string type_of(const RawValue& raw) {
  constexpr size_t kMostShown = 8;
  return std::visit(
      [](const auto& v) -> std::string {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, Unsuitable>)
          return v.what;
        else if constexpr (std::is_same_v<T, std::string>)
          return cat("the text ", quote(v));
        else if constexpr (std::is_same_v<T, int64_t>)
          return cat("the integer ", v);
        else if constexpr (std::is_same_v<T, double>)
          return cat("the number ", value_text(v));
        else if (length_of(v) > kMostShown)
          return cat("a list of ", length_of(v), " numbers");
        else
          return value_text(v);
      },
      raw);
}

/// `raw` as the type of `standard`; whole numbers are numbers too. False if it is of another type.
bool convert(const RawValue& raw, const Value& standard, Value& out) {
  if (std::holds_alternative<double>(standard) && std::holds_alternative<int64_t>(raw))
    return out = double(std::get<int64_t>(raw)), true;
  if (std::holds_alternative<std::vector<double>>(standard) && std::holds_alternative<std::vector<int64_t>>(raw)) {
    const auto& list = std::get<std::vector<int64_t>>(raw);
    return out = std::vector<double>(list.begin(), list.end()), true;
  }
  return std::visit(
      [&](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, Unsuitable>) {
          return false;
        } else {
          if (!std::holds_alternative<T>(standard)) return false;
          out = v;
          return true;
        }
      },
      raw);
}

bool in_range(const Value& v, const Range& r) {
  // Integers beyond 2^53 are rounded here; no range has a border there.
  const auto ok = [&](double x) { return std::isfinite(x) && (r.open ? x > r.least : x >= r.least) && x <= r.most; };
  if (const auto* n = std::get_if<int64_t>(&v)) return ok(double(*n));
  if (const auto* n = std::get_if<double>(&v)) return ok(*n);
  bool all = true;
  if (const auto* list = std::get_if<std::vector<int64_t>>(&v))
    for (const int64_t n : *list) all = all && ok(double(n));
  if (const auto* list = std::get_if<std::vector<double>>(&v))
    for (const double n : *list) all = all && ok(n);
  return all;
}

[[noreturn]] void unknown_key(Task task, const RawSetting& raw, const std::string& origin) {
  std::vector<std::string> keys = {"task"}, names, tables;
  for (const Setting& s : schema(task)) {
    keys.push_back(s.key);
    const std::string table = s.key.substr(0, s.key.find('.'));
    if (tables.empty() || tables.back() != table) tables.push_back(table);
    if (table == raw.key) refuse(origin, quote(raw.key), " expects a table [", table, "]; got ", type_of(raw.value));
  }
  if (const auto* other = std::get_if<Unsuitable>(&raw.value); other && raw.key.find('.') == std::string::npos)
    refuse(origin, "unknown table ", quote(raw.key), " for task ", name_of(task), did_you_mean(raw.key, tables));
  std::string hint = did_you_mean(raw.key, keys);
  // A right name in the wrong table, or in none.
  const std::string name = raw.key.substr(raw.key.rfind('.') + 1);
  for (const std::string& key : keys)
    if (hint.empty() && key.substr(key.rfind('.') + 1) == name) hint = cat("; did you mean ", quote(key), "?");
  refuse(origin, "unknown key ", quote(raw.key), " for task ", name_of(task), hint);
}

}  // namespace

void ConfigReader::given(const std::string& key, Value value, const std::string& origin) {
  config_.given_[key] = {std::move(value), origin};
}

void ConfigReader::take(const RawSetting& raw, const std::string& origin) {
  const Setting* setting = nullptr;
  for (const Setting& s : schema(config_.task()))
    if (s.key == raw.key) setting = &s;
  if (!setting) {
    const bool empty_table =
        std::holds_alternative<Unsuitable>(raw.value) && std::get<Unsuitable>(raw.value).what == "a table";
    for (const Setting& s : schema(config_.task()))
      if (empty_table && s.key.rfind(raw.key + ".", 0) == 0) return;
    unknown_key(config_.task(), raw, origin);
  }
  Value value;
  const Value& standard = setting->standard;
  if (!convert(raw.value, standard, value) || length_of(value) != length_of(standard))
    refuse(origin, quote(raw.key), " expects ", type_text(standard), ", such as ", value_text(standard), "; got ",
           type_of(raw.value));
  if (!in_range(value, setting->range))
    refuse(origin, quote(raw.key), " expects ", range_text(*setting), "; got ", value_text(value));
  if (const std::vector<std::string>& choices = setting->choices; !choices.empty()) {
    const auto* text = std::get_if<std::string>(&value);
    const std::string got = text ? *text : value_text(value);
    if (std::find(choices.begin(), choices.end(), got) == choices.end())
      refuse(origin, quote(raw.key), " expects ", range_text(*setting), "; got ", text ? quote(got) : got,
             text ? did_you_mean(got, choices) : "");
  }
  given(raw.key, std::move(value), origin);
}

Config ConfigReader::check() {
  const Config& c = config_;
  const auto origin = [&](const char* key) { return c.is_set(key) ? c.origin(key) : cat("default of ", key); };
  if (c.task() == Task::translate) {
    const auto& crop = c.get<std::vector<int64_t>>("data.crop");
    const auto& resize = c.get<std::vector<int64_t>>("data.resize");
    for (size_t i = 0; i < 2; ++i)
      if (crop[i] > resize[i])
        refuse(origin(c.is_set("data.crop") ? "data.crop" : "data.resize"),
               "'data.crop' expects at most 'data.resize', ", value_text(resize), "; got ", value_text(crop));
    if (crop[0] % 4 != 0 || crop[1] % 4 != 0)
      refuse(origin("data.crop"), "'data.crop' expects multiples of 4; got ", value_text(crop));
    if (c.get<int64_t>("optim.constant_epochs") + c.get<int64_t>("optim.decay_epochs") < 1)
      refuse(origin("optim.decay_epochs"), "'optim.constant_epochs' + 'optim.decay_epochs' expects 1 or more; got 0");
    return config_;
  }
  if (c.get<std::string>("model.arch") == "fcn") {
    if (!c.is_set("model.output_stride"))
      given("model.output_stride", int64_t(8), origin("model.arch"));
    else if (const int64_t stride = c.get<int64_t>("model.output_stride"); stride != 8)
      refuse(origin("model.output_stride"), "'model.output_stride' expects 8 with model.arch = \"fcn\"; got ", stride);
  }
  const auto& scale = c.get<std::vector<double>>("data.scale");
  if (scale[0] > scale[1])
    refuse(origin("data.scale"), "'data.scale' expects the smaller value first; got ", value_text(scale));
  const auto& resize = c.get<std::vector<int64_t>>("data.resize");
  if ((resize[0] == 0) != (resize[1] == 0))
    refuse(origin("data.resize"), "'data.resize' expects a height and a width, or two zeros; got ", value_text(resize));
  if (c.task() == Task::adapt) {
    const auto& size = c.get<std::vector<int64_t>>("translate.size");
    if ((size[0] == 0) != (size[1] == 0))
      refuse(origin("translate.size"), "'translate.size' expects a height and a width, or two zeros; got ",
             value_text(size));
  }
  if (c.get<int64_t>("optim.warm_up_steps") >= c.get<int64_t>("train.steps"))
    refuse(origin(c.is_set("optim.warm_up_steps") ? "optim.warm_up_steps" : "train.steps"),
           "'optim.warm_up_steps' expects less than 'train.steps', ", c.get<int64_t>("train.steps"), "; got ",
           c.get<int64_t>("optim.warm_up_steps"));
  if (c.get<double>("optim.floor") > c.get<double>("optim.rate"))
    refuse(origin(c.is_set("optim.floor") ? "optim.floor" : "optim.rate"),
           "'optim.floor' expects at most 'optim.rate', ", value_text(c.get<double>("optim.rate")), "; got ",
           value_text(c.get<double>("optim.floor")));
  return config_;
}

}  // namespace segue
