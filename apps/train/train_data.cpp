#include "train_data.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "apps/work_progress.h"
#include "runtime/crc32c.h"
#include "runtime/text.h"

namespace segue {
namespace {

bool has(const Config& config, const std::string& key) {
  for (const Setting& s : schema(config.task()))
    if (s.key == key) return true;
  return false;
}

double number(const Config& config, const std::string& key, double otherwise) {
  return has(config, key) ? config.get<double>(key) : otherwise;
}

/// Counts of every labelled set, from a file where they were made before.
std::vector<std::shared_ptr<const data::LabelCounts>> counts_of(const Config& config,
                                                                const std::vector<data::DataShare>& mix,
                                                                int64_t classes) {
  const std::string folder = config.get<std::string>("log.dir");  // empty: a dry run
  std::error_code ignored;  // a folder that cannot be made is an error where it is written
  if (!folder.empty()) std::filesystem::create_directories(folder, ignored);
  std::vector<std::shared_ptr<const data::LabelCounts>> counts;
  for (const data::DataShare& part : mix) {
    if (!part.set->labelled()) {
      counts.push_back(nullptr);
      continue;
    }
    const std::string key = cat(data::set_fingerprint(*part.set), ' ', classes);
    char name[60];
    std::snprintf(name, sizeof name, "/label-counts-%08x.safetensors", unsigned(crc32c(key.data(), key.size())));
    WorkProgress progress("counting labels", part.set->size());
    counts.push_back(data::label_counts(*part.set, classes, int(config.get<int64_t>("data.workers")),
                                        folder.empty() ? "" : folder + name,
                                        [&](int64_t done, int64_t) { progress.at(done); }));
  }
  return counts;
}

}  // namespace

std::string TrainData::describe(const std::string& spec) const {
  std::string text = spec + ": ";
  for (const data::DataShare& part : mix) {
    text += cat(&part == &mix[0] ? "" : " + ", count_text(uint64_t(part.set->size())),
                part.set->size() == 1 ? " image" : " images");
    std::string notes = mix.size() > 1 ? cat(std::lround(100 * part.share), "%") : "";
    if (const std::string w = part.set->warnings(); !w.empty()) notes += (notes.empty() ? "" : "; ") + w;
    if (!notes.empty()) text += cat(" (", notes, ")");
  }
  return text;
}

std::string warnings_of(std::initializer_list<const std::vector<data::DataShare>*> mixes) {
  std::string text;
  std::vector<std::string> said;  // parts that are held out of one set say the same
  for (const auto* mix : mixes)
    for (const data::DataShare& part : *mix) {
      const std::string w = part.set->warnings();
      if (w.empty() || std::find(said.begin(), said.end(), w) != said.end()) continue;
      text += (text.empty() ? "" : "; ") + w;
      said.push_back(w);
    }
  return text;
}

std::vector<data::DataShare> open_setting(const Config& config, const std::string& key, const data::ClassTable& classes,
                                          const data::DataOptions& options) {
  const std::string& spec = config.get<std::string>(key);
  if (spec.empty())
    throw Error(Fault::usage, cat("'", key, "' expects a data set, such as cityscapes:PATH; it is not set"));
  return data::open_mix(spec, classes, options);
}

data::AugmentOptions augment_options(const Config& config) {
  data::AugmentOptions o;
  const auto& crop = config.get<std::vector<int64_t>>("data.crop");
  const auto& resize = config.get<std::vector<int64_t>>("data.resize");
  o.height = crop[0], o.width = crop[1];
  o.resize_height = resize[0], o.resize_width = resize[1];
  if (has(config, "data.scale")) {
    const auto& scale = config.get<std::vector<double>>("data.scale");
    o.least_scale = scale[0], o.most_scale = scale[1];
  }
  o.flip = config.get<bool>("data.flip");
  o.jitter = number(config, "data.jitter", 0);
  o.hue = number(config, "data.hue", 0);
  o.grey = number(config, "data.grey", 0);
  o.blur = number(config, "data.blur", 0);
  o.cutout = number(config, "data.cutout", 0);
  o.max_share = number(config, "data.max_share", 1);
  return o;
}

kernels::ImageInOptions input_options(const Config& config) {
  kernels::ImageInOptions o;
  for (size_t i = 0; i < 3; ++i) {
    o.mean[i] = has(config, "data.mean") ? float(config.get<std::vector<double>>("data.mean")[i]) : 0.5f;
    o.std[i] = has(config, "data.std") ? float(config.get<std::vector<double>>("data.std")[i]) : 0.5f;
  }
  return o;
}

TrainData make_train_data(Context& c, const Config& config, std::vector<data::DataShare> mix,
                          const data::ClassTable& classes, const std::string& name, uint32_t stream, bool labels,
                          const std::optional<data::AugmentOptions>& augment) {
  TrainData d;
  d.mix = std::move(mix);
  const data::LoaderOptions options{.batch = config.get<int64_t>("train.batch"),
                                    .seed = c.options().seed,
                                    .stream = stream,
                                    .labels = labels,
                                    .threads = int(config.get<int64_t>("data.workers")),
                                    .rare_temperature = labels ? number(config, "data.rare_temperature", 0) : 0,
                                    .augment = augment ? *augment : augment_options(config)};
  std::vector<std::shared_ptr<const data::LabelCounts>> counts;
  if (options.rare_temperature > 0) counts = counts_of(config, d.mix, classes.size());
  d.loader = std::make_unique<data::Loader>(d.mix, options, counts);
  d.feed = std::make_unique<data::BatchFeed>(c, name, *d.loader, input_options(config));
  return d;
}

std::vector<double> class_shares(const Config& config, const std::vector<data::DataShare>& mix,
                                 const data::ClassTable& classes) {
  std::vector<double> shares(size_t(classes.size()), 0.0);
  const auto counts = counts_of(config, mix, classes.size());
  for (size_t k = 0; k < mix.size(); ++k) {
    if (!counts[k]) continue;
    const std::vector<double> of_set = counts[k]->frequencies();
    for (size_t i = 0; i < shares.size(); ++i) shares[i] += mix[k].share * of_set[i];
  }
  return shares;
}

}  // namespace segue
