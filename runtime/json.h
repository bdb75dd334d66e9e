// JSON: values for files that people and other programs read, and a parser that reports events for untrusted ones. Its .cpp
// is the one place that knows the JSON library.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace segue {

/// What a parser meets, in order. Every function returns false to stop.
class JsonEvents {
 public:
  virtual ~JsonEvents() = default;
  virtual bool null() = 0;
  virtual bool boolean(bool value) = 0;
  /// An integer below zero that 64 bits hold.
  virtual bool negative(int64_t value) = 0;
  /// An integer from zero that 64 bits hold.
  virtual bool count(uint64_t value) = 0;
  /// Any other number.
  virtual bool number(double value) = 0;
  virtual bool string(std::string& text) = 0;
  virtual bool start_object() = 0;
  virtual bool key(std::string& name) = 0;
  virtual bool end_object() = 0;
  virtual bool start_array() = 0;
  virtual bool end_array() = 0;
  /// The text is not JSON.
  virtual bool broken(size_t byte) = 0;
};

/// Reads UTF-8 text without recursion and without building a tree. False if an event stopped it.
bool parse_json(std::string_view text, JsonEvents& events);

/// A value. Objects keep the order in which their members were set.
class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;

  Json() = default;  ///< null
  Json(bool v) : value_(v) {}
  Json(int v) : value_(int64_t(v)) {}
  Json(int64_t v) : value_(v) {}
  /// A number that is not finite is written as null: JSON has no other word.
  Json(double v) : value_(v) {}
  Json(std::string v) : value_(std::move(v)) {}
  Json(const char* v) : value_(std::string(v)) {}
  Json(Array v) : value_(std::move(v)) {}
  Json(Object v) : value_(std::move(v)) {}
  static Json object() { return Json(Object()); }
  static Json array() { return Json(Array()); }

  /// Sets a member of an object; a new name goes to the end. Returns *this.
  Json& set(const std::string& key, Json value);
  /// Appends to an array.
  void push(Json value);

  /// The member, or null if there is none or this is no object.
  const Json* find(const std::string& key) const;
  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_object() const { return std::holds_alternative<Object>(value_); }
  bool is_number() const { return std::holds_alternative<int64_t>(value_) || std::holds_alternative<double>(value_); }

  // Values, and members of objects by type. Throw data, naming the member, if the value is missing or of another type.

  bool boolean() const;
  int64_t integer() const;
  double number() const;  ///< integers too
  const std::string& text() const;
  const Array& elements() const;
  const Object& members() const;
  const Json& at(const std::string& key) const;
  int64_t integer(const std::string& key) const;
  double number(const std::string& key) const;
  const std::string& text(const std::string& key) const;

  /// One line; with `pretty`, members on lines of their own. Numbers read back as the same bits. Strings that are not UTF-8
  /// have their bad bytes replaced.
  std::string dump(bool pretty = false) const;
  /// Throws data, beginning with `name` (a file), for text that is not JSON, is nested more than 64 deep, or gives a name
  /// twice in one object.
  static Json parse(std::string_view text, const std::string& name);

 private:
  std::variant<std::monostate, bool, int64_t, double, std::string, Array, Object> value_;
};

/// `text` as a JSON string, with its quotes.
std::string json_string(std::string_view text);

}  // namespace segue
