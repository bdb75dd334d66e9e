// The files of a data set: which image goes with which label.
#pragma once

#include <string>
#include <vector>

#include "class_table.h"
#include "data_set.h"
#include "data_spec.h"

namespace segue::data {

struct ListedExample {
  std::string name;   ///< of outputs
  std::string image;  ///< file
  std::string label;  ///< file; empty: none
};

/// What lies where a spec points to.
struct Listing {
  std::vector<ListedExample> examples;  ///< by name; with labels if they were looked for
  std::vector<std::string> unlabelled;  ///< images whose label is missing
  std::vector<std::string> imageless;   ///< labels whose image is missing
  std::vector<std::string> doubled;     ///< files that claim the name of another one
  std::vector<std::string> broken;      ///< images that are known to be broken, left out
  std::string sought;                   ///< what was looked for: "images/*.png with labels/*.png in '/data/gta5'"
  LabelScheme scheme;                   ///< what label files hold
  LabelTable table;                     ///< their ids -> train ids
};

/// Lists the files of a spec of any kind but "pack", in the same order on every machine. Throws usage and data as
/// open_data() does, except that no examples are no error here.
Listing list_data(const DataSpec& spec, const ClassTable& classes, const DataOptions& options);

/// The number in the name of an image of GTA5, -1 for other names.
int64_t gta5_number(const std::string& name);

}  // namespace segue::data
