// What a fuzz target gives to the driver, and what it gets from it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace segue::fuzz {

using Random = std::mt19937_64;

/// An integer in [0, n).
inline uint64_t below(Random& random, uint64_t n) { return n == 0 ? 0 : random() % n; }

/// One reader of untrusted bytes.
struct Target {
  const char* name;
  /// Reads the input. Returns true if it was accepted; ends the program if a promise is broken (see expect()).
  bool (*run)(const std::string& input);
  /// Valid and hostile inputs to start from.
  std::vector<std::string> (*corpus)();
  /// Words of the format, to be inserted anywhere.
  std::vector<std::string> (*words)();
  /// Changes an input in a way that knows the format; often keeps it valid in its outer layers.
  std::string (*mutate)(const std::string& input, Random& random);
  /// Heap that reading `size` bytes may take, at its peak.
  size_t (*memory_limit)(size_t size);
};
const Target& target();

/// Ends the program with a message and the input in a file, unless `ok`.
void expect(bool ok, const char* promise);

}  // namespace segue::fuzz
