#include "pseudo_labels.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <mutex>

#include "apps/evaluation.h"
#include "apps/image_pipeline.h"
#include "apps/work_progress.h"
#include "kernels/error.h"
#include "runtime/atomic_file.h"
#include "runtime/text.h"

namespace segue {
namespace {

// Images between two notes of how far it is: what a kill may cost.
constexpr int64_t kChunk = 32;

template <class T>
Json list_of(const std::vector<T>& values) {
  Json list = Json::array();
  for (const T& v : values) {
    if constexpr (std::is_floating_point_v<T>)
      list.push(double(v));
    else
      list.push(int64_t(v));
  }
  return list;
}

class PseudoRun {
 public:
  PseudoRun(Context& c, PseudoLabeller& labeller, const data::DataSet& set, OutputFolder& folder,
            const LabelledFolder& labels, const PseudoOptions& options, const std::function<bool()>& go_on,
            const std::function<void(const std::string&)>& keep)
      : helpers_(image_helpers(c)),
        labeller_(labeller),
        set_(set),
        folder_(folder),
        labels_(labels),
        options_(options),
        go_on_(go_on),
        keep_(keep),
        classes_(labels.classes().size()),
        kept_(size_t(classes_)) {}

  PseudoResult run() {
    restore();
    const bool by_share = options_.share > 0;
    PseudoResult result;
    if (by_share && !labelling_) {
      if (!pass("counting confidences", true, false)) return result;
      thresholds_ = class_thresholds(labeller_.counts(), options_.share, options_.threshold);
      labelling_ = true, done_ = unreadable_ = 0;
      note();
    } else if (!by_share) {
      labelling_ = true;
      thresholds_.assign(size_t(classes_), float(options_.threshold));
    }
    labeller_.set_thresholds(thresholds_);
    if (!pass("labelling", !by_share, true)) return result;
    result.summary = summary();
    result.unreadable = unreadable_;
    result.finished = true;
    write_file(folder_.place("pseudo.json"), pseudo_text(result.summary));
    return result;
  }

 private:
  struct Item {
    data::ExampleBuffer buffer;
    data::Example example;
    data::Image train_ids;
    std::string error;
  };

  /// All images from done_ on. False if it was stopped; what was done up to the last note is not done again.
  bool pass(const std::string& what, bool count, bool write) {
    WorkProgress progress(what, set_.size(), done_);
    bool on = true;
    while (on && done_ < set_.size()) {
      const int64_t first = done_, chunk = std::min(kChunk, set_.size() - first);
      // Beside those of the notes until the chunk is whole.
      std::vector<int64_t> kept = kept_;
      int64_t unreadable = unreadable_;
      std::mutex mutex;
      image_pipeline<Item>(
          chunk, helpers_, [&](int64_t i, Item& item) { read(first + i, item); },
          [&](int64_t i, Item& item) {
            if (!(on = go_on_())) return false;
            label(first + i, count, item);
            if (!item.error.empty()) {
              ++unreadable;
              if (write) progress.say("segue: warning: " + item.error);
              if (write && keep_) keep_("warning: " + item.error);
            }
            progress.at(first + i + 1);
            return true;
          },
          [&](int64_t i, Item& item) {
            if (!on || !write || !item.error.empty()) return;
            store(first + i, item);
            const std::lock_guard lock(mutex);
            for (const uint8_t k : item.train_ids.px) kept[k < classes_ ? k : 0] += k < classes_;
          });
      if (!on) break;
      kept_ = kept, unreadable_ = unreadable;
      done_ += chunk;
      note();
    }
    return on;
  }

  void read(int64_t i, Item& item) {
    item.error.clear();
    try {
      item.example = set_.read(i, item.buffer);
    } catch (const Error& e) {
      if (e.fault() != Fault::data) throw;
      item.error = e.what();
    }
  }

  void label(int64_t i, bool count, Item& item) {
    if (!item.error.empty()) return;
    try {
      labeller_.label(item.example.image, count, item.train_ids);
    } catch (const Error& e) {
      if (e.fault() != Fault::out_of_memory) throw;
      item.error = cat("image ", quote(set_.origin(i)), " of ", item.example.image.height, "x",
                       item.example.image.width, " px needs more memory than there is; try --size");
    }
  }

  void store(int64_t i, const Item& item) {
    const std::string name = set_.name(i), origin = set_.origin(i);
    const std::string ending = std::filesystem::path(origin).extension();
    // An image out of a pack is no file of its own.
    if (ending == ".segpack")
      labels_.write_image(name, item.example.image);
    else
      labels_.refer_image(name, origin, options_.copy);
    labels_.write_label(name, item.train_ids.view());
  }

  PseudoSummary summary() const {
    const ConfidenceCounts counts = labeller_.counts();
    PseudoSummary s{set_.size() - unreadable_, {}};
    for (int64_t k = 0; k < classes_; ++k)
      s.classes.push_back({labels_.classes().classes[size_t(k)].name,
                           double(thresholds_[size_t(k)]),
                           int64_t(counts.pixels(k)),
                           kept_[size_t(k)],
                           {counts.row(k), counts.row(k) + counts.bins}});
    return s;
  }

  void note() {
    folder_.note(Json::object()
                     .set("labelling", labelling_)
                     .set("done", done_)
                     .set("unreadable", unreadable_)
                     .set("thresholds", list_of(thresholds_))
                     .set("kept", list_of(kept_))
                     .set("counts", list_of(labeller_.counts().counts)));
  }

  void restore() {
    const Json& notes = folder_.notes();
    ConfidenceCounts counts(classes_, PseudoLabeller::kBins);
    // A pass that had to leave images out and came to its end is made anew: they may have been mended.
    const bool ended = notes.find("done") && notes.at("labelling").boolean() && notes.integer("done") >= set_.size();
    if (notes.find("done") && !(ended && notes.integer("unreadable") > 0)) {
      labelling_ = notes.at("labelling").boolean();
      done_ = notes.integer("done");
      unreadable_ = notes.integer("unreadable");
      for (const Json& t : notes.at("thresholds").elements()) thresholds_.push_back(float(t.number()));
      const auto require_fit = [&](bool fits) {
        if (!fits)
          throw Error(Fault::data, cat("folder ", quote(folder_.path()), ": ", kPseudoRecipe,
                                       " does not fit this model; remove the folder"));
      };
      require_fit(done_ >= 0 && done_ <= set_.size() && (!labelling_ || int64_t(thresholds_.size()) == classes_));
      const auto read = [&](const char* key, auto& values) {
        const Json::Array& list = notes.at(key).elements();
        require_fit(list.size() == values.size());
        for (size_t i = 0; i < list.size(); ++i) values[i] = std::decay_t<decltype(values[i])>(list[i].integer());
      };
      read("kept", kept_);
      read("counts", counts.counts);
    }
    labeller_.set_counts(counts);
  }

  const int64_t helpers_;
  PseudoLabeller& labeller_;
  const data::DataSet& set_;
  OutputFolder& folder_;
  const LabelledFolder& labels_;
  const PseudoOptions& options_;
  const std::function<bool()>& go_on_;
  const std::function<void(const std::string&)>& keep_;
  const int64_t classes_;

  // What is noted.
  bool labelling_ = false;
  int64_t done_ = 0, unreadable_ = 0;
  std::vector<float> thresholds_;
  std::vector<int64_t> kept_;
};

}  // namespace

PseudoResult pseudo_label_set(Context& c, PseudoLabeller& labeller, const data::DataSet& set, OutputFolder& folder,
                              const LabelledFolder& labels, const PseudoOptions& options,
                              const std::function<bool()>& go_on, const std::function<void(const std::string&)>& keep) {
  return PseudoRun(c, labeller, set, folder, labels, options, go_on, keep).run();
}

std::string pseudo_table(const PseudoSummary& summary) {
  size_t width = 5;
  for (const PseudoClass& k : summary.classes) width = std::max(width, k.name.size());
  const auto row = [&](std::string name, const std::string& share, const std::string& kept,
                       const std::string& threshold) {
    name.resize(width + 2, ' ');
    char line[120];
    std::snprintf(line, sizeof line, "%9s%11s%12s\n", share.c_str(), kept.c_str(), threshold.c_str());
    return name + line;
  };
  const auto percent = [](int64_t part, int64_t whole) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f %%", 100 * double(part) / double(whole));
    return whole > 0 ? std::string(text) : std::string("-");
  };
  const int64_t all = summary.predicted_px();
  std::string text = row("class", "share", "kept", "threshold");
  for (const PseudoClass& k : summary.classes) {
    char threshold[32];
    std::snprintf(threshold, sizeof threshold, "%.3f", k.threshold);
    text += row(k.name, percent(k.predicted_px, all), percent(k.kept_px, k.predicted_px), threshold);
  }
  return text + row("all", percent(all, all), percent(summary.kept_px(), all), "");
}

}  // namespace segue
