// Reads the launchers and their contracts out of kernel headers.
#pragma once

#include <string>
#include <vector>

namespace segue::house {

/// A launcher as its header declares it.
struct Launcher {
  std::string header, name;
  std::vector<std::string> views;  ///< names of its View parameters
  bool cpu = false, cuda = false;  ///< which overloads are declared
  std::string comment;             ///< the /// lines above its first overload
};

/// The launchers declared in the text of one header.
std::vector<Launcher> launchers(const std::string& header, const std::string& text);

/// What is missing or out of order in the contract, empty if nothing: a first sentence, a row for every View, Throws,
/// Traffic, Deterministic, Capture-safe, Source.
std::vector<std::string> contract_faults(const Launcher& launcher);

/// Names of the ops declared in the text of runtime/ops.h.
std::vector<std::string> ops(const std::string& text);

}  // namespace segue::house
