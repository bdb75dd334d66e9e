// The tables [data] of a configuration as data sets, loaders and feeds.
#pragma once

#include <array>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/config.h"
#include "data/batch_feed.h"

namespace segue {

/// A loader and its way to the device.
struct TrainData {
  std::vector<data::DataShare> mix;
  std::unique_ptr<data::Loader> loader;
  std::unique_ptr<data::BatchFeed> feed;

  /// "gta5:PATH: 24,966 images"; of several sets with their shares.
  std::string describe(const std::string& spec) const;
};

/// What had to be mended in the examples read so far of all these sets, each once; "" if nothing.
std::string warnings_of(std::initializer_list<const std::vector<data::DataShare>*> mixes);

/// Opens the sets that the setting `key` names. Throws usage if it is empty, data.
std::vector<data::DataShare> open_setting(const Config& config, const std::string& key, const data::ClassTable& classes,
                                          const data::DataOptions& options);

/// A loader of samples as [data] wants them and its feed; `name` in the StepState. `stream` tells the loaders of a run
/// apart. `augment`: instead of augment_options().
TrainData make_train_data(Context& c, const Config& config, std::vector<data::DataShare> mix,
                          const data::ClassTable& classes, const std::string& name, uint32_t stream, bool labels,
                          const std::optional<data::AugmentOptions>& augment = {});

/// What happens to samples: data.crop, data.resize, data.scale and so on, as far as the task has them.
data::AugmentOptions augment_options(const Config& config);
/// data.mean and data.std; tasks without them have images in [-1, 1].
kernels::ImageInOptions input_options(const Config& config);

/// Shares of the classes among the labelled pixels of a mix; counted once and kept in log.dir.
std::vector<double> class_shares(const Config& config, const std::vector<data::DataShare>& mix,
                                 const data::ClassTable& classes);

}  // namespace segue
