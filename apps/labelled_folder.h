// A data set that a command writes: images/ and labels/ by the same names, and classes.toml, which "folder:" reads.
#pragma once

#include "data/class_table.h"
#include "data/data_set.h"
#include "data/png_file.h"
#include "output_folder.h"

namespace segue {

class LabelledFolder {
 public:
  /// Writes classes.toml. Throws io.
  LabelledFolder(const OutputFolder& folder, data::ClassTable classes);

  const data::ClassTable& classes() const { return classes_; }
  /// Where image and label of an example go.
  std::string image_path(const std::string& name) const { return folder_.place("images/" + name + ".png"); }
  std::string label_path(const std::string& name) const { return folder_.place("labels/" + name + ".png"); }
  void write_image(const std::string& name, const data::ImageView& image) const;
  /// Lets images/NAME refer to a file that is an image: a link, or on file systems without links a copy. `copy`: always.
  void refer_image(const std::string& name, const std::string& file, bool copy) const;
  /// (H,W,1) train ids, 255 for ignore; written as ids of the class table with its colours as the palette.
  void write_label(const std::string& name, const data::ImageView& train_ids) const;

 private:
  const OutputFolder& folder_;
  data::ClassTable classes_;
  data::LabelTable to_file_;
  data::Palette palette_ = {};
};

}  // namespace segue
