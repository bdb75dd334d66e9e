// How often each class occurs in a data set.
#pragma once

#include <string>

#include "data/data_set.h"

namespace segue {

/// Counts and prints a table with a bar for every class; writes a picture of the same and a JSON file where a path is given.
/// Throws what opening, reading and writing throw.
void print_data_stats(const std::string& spec, const data::ClassTable& classes, const data::DataOptions& options,
                      const std::string& png, const std::string& json);

}  // namespace segue
