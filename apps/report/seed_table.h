// Results of one run or of several that differ in their seed, as Markdown.
#pragma once

#include <string>
#include <vector>

#include "apps/records/stage_table.h"

namespace segue::report {

/// A run and its stages.
struct SeedRun {
  std::string name;  ///< for messages
  std::vector<StageRecord> stages;
};

/// Tables: mIoU, pixel accuracy and share of the gap of every scored stage; what each adds to the one before and to the first; IoU by class.
/// Of several runs: mean and sample standard deviation, and the least gain. Throws data, naming the run, if one lacks a score that
/// another has, or has other classes.
std::string seed_tables(const std::vector<SeedRun>& runs);

}  // namespace segue::report
