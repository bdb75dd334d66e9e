// The JSON header of a safetensors file.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "safetensors.h"

namespace segue {

struct SafeTensorsHeader {
  std::vector<StoredTensor> tensors;  ///< in the order of the header; offsets as written, unchecked
  std::map<std::string, std::string> metadata;
};

/// Reads the header text. Memory stays a small multiple of the text: no tree is built. Returns "" or what is wrong:
/// JSON that is broken, a value of the wrong kind, an unknown type, a missing field, a name given twice.
std::string read_header(std::string_view text, SafeTensorsHeader& header);

/// The header text of these tensors, in their order, without padding. All strings are UTF-8.
std::string write_header(const std::vector<StoredTensor>& tensors, const std::map<std::string, std::string>& metadata);

}  // namespace segue
