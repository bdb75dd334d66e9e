// Files as text.
#pragma once

#include <cstdlib>
#include <string>

namespace segue::fuzz {

/// "ffd8" as its two bytes.
inline std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) bytes += char(std::strtol(hex.substr(i, 2).c_str(), nullptr, 16));
  return bytes;
}

}  // namespace segue::fuzz
