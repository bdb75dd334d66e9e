// A data set of image files.
#pragma once

#include <memory>
#include <string>

#include "data_set.h"
#include "listing.h"

namespace segue::data {

/// The examples of a listing, decoded when they are read. Throws data if there are none, naming what was looked for.
std::shared_ptr<const DataSet> open_files(const DataSpec& spec, Listing listing, const DataOptions& options);

}  // namespace segue::data
