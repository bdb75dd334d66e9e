#include "json.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "kernels/error.h"
#include "text.h"

namespace segue {
namespace {

using Library = nlohmann::json;
constexpr size_t kMostNesting = 64;

/// The library's events as ours.
class Forward : public nlohmann::json_sax<Library> {
 public:
  explicit Forward(JsonEvents& to) : to_(to) {}
  bool null() override { return to_.null(); }
  bool boolean(bool v) override { return to_.boolean(v); }
  bool number_integer(number_integer_t v) override { return to_.negative(v); }
  bool number_unsigned(number_unsigned_t v) override { return to_.count(v); }
  bool number_float(number_float_t v, const string_t&) override { return to_.number(v); }
  bool string(string_t& v) override { return to_.string(v); }
  bool binary(binary_t&) override { return to_.broken(0); }
  bool start_object(size_t) override { return to_.start_object(); }
  bool key(string_t& v) override { return to_.key(v); }
  bool end_object() override { return to_.end_object(); }
  bool start_array(size_t) override { return to_.start_array(); }
  bool end_array() override { return to_.end_array(); }
  bool parse_error(size_t byte, const std::string&, const Library::exception&) override { return to_.broken(byte); }

 private:
  JsonEvents& to_;
};

/// Builds a tree.
class Builder : public JsonEvents {
 public:
  Json root;
  std::string problem;

  bool null() override { return put({}); }
  bool boolean(bool v) override { return put(v); }
  bool negative(int64_t v) override { return put(v); }
  bool count(uint64_t v) override {
    return v <= uint64_t(std::numeric_limits<int64_t>::max()) ? put(int64_t(v)) : put(double(v));
  }
  bool number(double v) override { return put(v); }
  bool string(std::string& v) override { return put(std::move(v)); }
  bool start_object() override { return open(Json::object()); }
  bool start_array() override { return open(Json::array()); }
  bool key(std::string& name) override {
    if (open_.back().value.find(name)) return refuse(cat(quote(name), " is given twice"));
    open_.back().key = std::move(name);
    return true;
  }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool broken(size_t byte) override { return refuse(cat("not valid JSON at byte ", byte)); }

 private:
  struct Open {
    Json value;
    std::string key;  // of the member that comes next
  };
  bool open(Json value) {
    if (open_.size() == kMostNesting) return refuse(cat("nested more than ", kMostNesting, " deep"));
    open_.push_back({std::move(value), {}});
    return true;
  }
  bool close() {
    Json done = std::move(open_.back().value);
    open_.pop_back();
    return put(std::move(done));
  }
  bool put(Json value) {
    if (open_.empty())
      root = std::move(value);
    else if (open_.back().value.is_object())
      open_.back().value.set(open_.back().key, std::move(value));
    else
      open_.back().value.push(std::move(value));
    return true;
  }
  bool refuse(std::string what) {
    if (problem.empty()) problem = std::move(what);
    return false;
  }

  std::vector<Open> open_;
};

template <class T, class V>
const T& get(const V& value, const char* want) {
  if (const T* v = std::get_if<T>(&value)) return *v;
  throw Error(Fault::data, cat("expects ", want, " in JSON; got another type"));
}

/// Adds the name of a member to what went wrong in it.
template <class F>
auto member(const Json& object, const std::string& key, F&& read) -> decltype(read(object)) {
  const Json& value = object.at(key);
  try {
    return read(value);
  } catch (const Error& e) {
    throw Error(e.fault(), cat(quote(key), ": ", e.what()));
  }
}

}  // namespace

bool parse_json(std::string_view text, JsonEvents& events) {
  Forward forward(events);
  return Library::sax_parse(text.begin(), text.end(), &forward);
}

Json& Json::set(const std::string& key, Json value) {
  Object& object = std::get<Object>(value_);
  for (auto& [name, old] : object)
    if (name == key) return old = std::move(value), *this;
  object.emplace_back(key, std::move(value));
  return *this;
}

void Json::push(Json value) { std::get<Array>(value_).push_back(std::move(value)); }

const Json* Json::find(const std::string& key) const {
  if (const Object* object = std::get_if<Object>(&value_))
    for (const auto& [name, value] : *object)
      if (name == key) return &value;
  return nullptr;
}

bool Json::boolean() const { return get<bool>(value_, "true or false"); }
int64_t Json::integer() const { return get<int64_t>(value_, "an integer"); }
double Json::number() const {
  if (const int64_t* v = std::get_if<int64_t>(&value_)) return double(*v);
  return get<double>(value_, "a number");
}
const std::string& Json::text() const { return get<std::string>(value_, "a string"); }
const Json::Array& Json::elements() const { return get<Array>(value_, "an array"); }
const Json::Object& Json::members() const { return get<Object>(value_, "an object"); }

const Json& Json::at(const std::string& key) const {
  if (!is_object()) throw Error(Fault::data, cat("expects an object with ", quote(key), " in JSON; got another type"));
  if (const Json* value = find(key)) return *value;
  throw Error(Fault::data, cat("expects ", quote(key), " in JSON; it is missing"));
}
int64_t Json::integer(const std::string& key) const {
  return member(*this, key, [](const Json& v) { return v.integer(); });
}
double Json::number(const std::string& key) const {
  return member(*this, key, [](const Json& v) { return v.number(); });
}
const std::string& Json::text(const std::string& key) const {
  return member(*this, key, [](const Json& v) -> const std::string& { return v.text(); });
}

std::string json_string(std::string_view text) {
  return Library(std::string(text)).dump(-1, ' ', false, Library::error_handler_t::replace);
}

std::string Json::dump(bool pretty) const {
  struct Writer {
    bool pretty;
    std::string out;
    void line(size_t depth) {
      if (pretty) out += "\n" + std::string(2 * depth, ' ');
    }
    void write(const Json& j, size_t depth) {
      if (const auto* object = std::get_if<Object>(&j.value_)) {
        out += '{';
        for (size_t i = 0; i < object->size(); ++i) {
          if (i) out += ',';
          line(depth + 1);
          out += json_string((*object)[i].first) + (pretty ? ": " : ":");
          write((*object)[i].second, depth + 1);
        }
        if (!object->empty()) line(depth);
        out += '}';
      } else if (const auto* array = std::get_if<Array>(&j.value_)) {
        out += '[';
        for (size_t i = 0; i < array->size(); ++i) {
          if (i) out += pretty ? ", " : ",";
          write((*array)[i], depth + 1);
        }
        out += ']';
      } else if (const auto* text = std::get_if<std::string>(&j.value_)) {
        out += json_string(*text);
      } else if (const auto* integer = std::get_if<int64_t>(&j.value_)) {
        out += std::to_string(*integer);
      } else if (const auto* number = std::get_if<double>(&j.value_)) {
        out += Library(*number).dump();  // the shortest text that reads back as the same bits; null if not finite
      } else if (const auto* truth = std::get_if<bool>(&j.value_)) {
        out += *truth ? "true" : "false";
      } else {
        out += "null";
      }
    }
  } writer{pretty, {}};
  writer.write(*this, 0);
  return std::move(writer.out);
}

Json Json::parse(std::string_view text, const std::string& name) {
  Builder builder;
  if (!parse_json(text, builder))
    throw Error(Fault::data, cat(plain_text(name), ": ", builder.problem.empty() ? "not valid JSON" : builder.problem));
  return std::move(builder.root);
}

}  // namespace segue
