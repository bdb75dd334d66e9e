// The published split of GTA5 (Playing for Data), and its images that are broken.
#pragma once

#include <cstdint>
#include <string>

namespace segue::data {

/// True if image `number` (1 to 24966) belongs to "train", "val" or "test".
bool in_gta5_split(const std::string& split, int64_t number);

/// True for the 17 images that show nothing, though their labels are good.
bool is_broken_gta5(int64_t number);

}  // namespace segue::data
