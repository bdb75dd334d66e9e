// Choices between equivalent plans, kept in a text file from one process to the next: a line each, of five fields
// between tabs: library version, device, call, how it was chosen, choice. Lines are only ever appended, and the last one counts.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>

namespace segue {

class PlanFile {
 public:
  struct Choice {
    std::string text;
    bool tuned = false;  ///< timed, not guessed
  };

  /// Reads `path`; empty: remembers for this object's life alone. What is no line of this format is passed over.
  /// Throws io if the file cannot be read or made.
  explicit PlanFile(std::string path);

  /// Null if there is none.
  const Choice* find(int64_t version, const std::string& device, const std::string& call) const;
  /// Throws io if the file cannot be written.
  void add(int64_t version, const std::string& device, const std::string& call, const Choice& choice);

 private:
  using Key = std::tuple<int64_t, std::string, std::string>;
  std::string path_;
  std::map<Key, Choice> choices_;
};

}  // namespace segue
