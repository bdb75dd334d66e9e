// A teacher's labels for all images of a set, as a data set.
#pragma once

#include <functional>

#include "apps/labelled_folder.h"
#include "apps/records/pseudo_summary.h"
#include "pseudo_labeller.h"

namespace segue {

struct PseudoOptions {
  double threshold = 0.9;  ///< least confidence; with `share` the most that a class's threshold can be
  double share = 0;   ///< the most confident share of a class that is kept, if more than reach `threshold`; 0: none
  bool copy = false;  ///< copy images instead of linking them
  PredictorOptions views = {};  ///< what predictions are averaged over
};

/// Name of the file in which the folder of labels keeps what they follow from.
constexpr const char* kPseudoRecipe = "recipe.json";

struct PseudoResult {
  PseudoSummary summary;
  int64_t unreadable = 0;  ///< images that got a warning and are left out
  bool finished = false;   ///< false: `go_on` said no
};

/// Labels `set` into `labels`, and writes pseudo.json beside them; with a share the set is gone through twice, first to count. Where the
/// folder stands half filled by an earlier call, goes on. `go_on` is asked before every image; `keep` gets the warnings too, which go to
/// standard error. Throws io.
PseudoResult pseudo_label_set(Context& c, PseudoLabeller& labeller, const data::DataSet& set, OutputFolder& folder,
                              const LabelledFolder& labels, const PseudoOptions& options,
                              const std::function<bool()>& go_on,
                              const std::function<void(const std::string&)>& keep = {});

/// A table: class, share of the px, of these kept, threshold.
std::string pseudo_table(const PseudoSummary& summary);

}  // namespace segue
