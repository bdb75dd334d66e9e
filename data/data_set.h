// Images, with labels or without, from folders of files or from a pack.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "class_table.h"
#include "image.h"

namespace segue::data {

/// Memory that a reader lends to DataSet::read; keep one a thread and use it again.
struct ExampleBuffer {
  Image image, label;
  std::vector<uint8_t> bytes;
};

/// One example. The views point into the buffer or into a mapped pack.
struct Example {
  ImageView image;                    ///< (H,W,3) RGB
  ImageView label;                    ///< (H,W,1), ids as they stand in the file; absent: an image without label
  const LabelTable* table = nullptr;  ///< id -> train id; set if there is a label
};

/// A fixed list of examples; the order is by name, the same on every machine.
class DataSet {
 public:
  virtual ~DataSet() = default;
  virtual int64_t size() const = 0;
  /// True if every example has a label.
  virtual bool labelled() const = 0;
  /// What the ids of labels are called; null without labels.
  virtual const LabelScheme* scheme() const { return nullptr; }
  /// What outputs for the example are called: "aachen_000000_000019"; '/' may separate folders. Unique within the set.
  virtual std::string name(int64_t i) const = 0;
  /// The file an example's image came from, for messages.
  virtual std::string origin(int64_t i) const = 0;
  /// Reads and decodes. May be called by several threads at once, each with its own buffer. A label of another size than
  /// its image is resized to it (nearest) and counted. Throws data, naming the file.
  virtual Example read(int64_t i, ExampleBuffer& buffer) const = 0;
  /// The same for readers of labels alone: the image may be absent, and the label is as large as its file.
  virtual Example read_label(int64_t i, ExampleBuffer& buffer) const { return read(i, buffer); }
  /// The same for readers of images alone: the label may be absent.
  virtual Example read_image(int64_t i, ExampleBuffer& buffer) const { return read(i, buffer); }
  /// What had to be mended so far, for one warning at the end of a run: "3 labels resized to their images".
  virtual std::string warnings() const { return {}; }
};

/// What of a data set to open.
struct DataOptions {
  /// For kinds that have splits; "": the kind's own, "train", but "all" of GTA5, as studies of adaptation have it.
  std::string split;
  bool need_labels = true;  ///< false: images alone will do, and labels are not looked for
};

/// Opens "kind:PATH": folder, camvid, cityscapes, gta5, synthia, pack; "kind:PATH?split=val" overrides the split. $NAME and
/// ${NAME} expand; docs/data.md has the layouts. Throws usage for a spec that means nothing or a variable that is not set,
/// data for a set without examples, naming what was looked for.
std::shared_ptr<const DataSet> open_data(const std::string& spec, const ClassTable& classes,
                                         const DataOptions& options = {});

/// One of several sets and the share of samples that come from it.
struct DataShare {
  double share = 1;  ///< of all samples; the shares of a mix add up to 1
  std::shared_ptr<const DataSet> set;
};

/// Opens "0.7*gta5:A + 0.3*cityscapes:B". Sets without a number share what the numbers leave of 1 by their sizes; if all
/// have numbers, these are proportions. A single spec is a mix of one. Throws as open_data(), and usage where numbers
/// leave nothing.
std::vector<DataShare> open_mix(const std::string& spec, const ClassTable& classes, const DataOptions& options = {});

}  // namespace segue::data
