// What is wrong with a data set, found by reading all of it.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "class_table.h"
#include "data_set.h"

namespace segue::data {

/// One thing that is wrong, with one file or one example.
struct DataFault {
  std::string file;
  std::string what;  ///< may name the file itself
};

struct DataReport {
  int64_t examples = 0;
  std::vector<DataFault> faults;  ///< missing partners first, then by example
  int64_t least_height = 0, most_height = 0, least_width = 0, most_width = 0;  ///< of images that can be read
};

/// Reads every file of a spec and lists what is wrong: images and labels without a partner, files with one name, files that
/// cannot be read, labels of another size than their image, ids that the data set does not have, labels without a pixel
/// of any class, images of one colour, images known to be broken; of a pack: records with another checksum. Calls `fault`
/// for each as it is found. Throws only what open_data() throws for a spec that leads nowhere.
DataReport check_data(const std::string& spec, const ClassTable& classes, const DataOptions& options,
                      const std::function<void(int64_t done, int64_t all)>& progress = {},
                      const std::function<void(const DataFault&)>& fault = {});

}  // namespace segue::data
