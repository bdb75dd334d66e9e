// What a model tells apart: names, colours, and which ids of a label file mean which class.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace segue::data {

/// A label that takes no part: neither trained on nor counted.
constexpr uint8_t kIgnore = 255;

/// One entry for every byte of a label file.
using LabelTable = std::array<uint8_t, 256>;

struct ClassInfo {
  std::string name;
  uint8_t id = 0;  ///< in label files that are written
  std::array<uint8_t, 3> rgb = {};
};

/// How the ids of label files are called: the convention of a data set.
struct LabelScheme {
  std::string name;                                     ///< "cityscapes", "synthia", "camvid"
  std::vector<std::pair<uint8_t, std::string>> labels;  ///< id and name of every label that files may hold

  /// The label's name, or "" for an id that files of this scheme do not hold.
  const std::string& label(uint8_t id) const;
};

/// The conventions that segue knows: "cityscapes" (with GTA5's 34, license plate), "synthia", "camvid" (11 classes).
const std::vector<LabelScheme>& label_schemes();

/// The classes of a model, in the order of their train ids, and where the labels of each scheme go.
struct ClassTable {
  std::string name;                           ///< "cityscapes", or the TOML file it came from
  std::vector<ClassInfo> classes;             ///< by train id; at most 255
  std::map<std::string, LabelTable> schemes;  ///< by LabelScheme::name: id in a file -> train id or kIgnore
  std::vector<LabelScheme> own_schemes;       ///< those that the table itself has brought along

  int64_t size() const { return int64_t(classes.size()); }
  /// Id in a file -> train id. Throws usage if the table says nothing of this scheme.
  const LabelTable& to_train(const std::string& scheme) const;
  /// Train id -> id in a file that is written. What is not a class becomes 0 ("unlabeled": official tools index a table
  /// of 34 with it), or 255 if a class has the id 0.
  LabelTable to_file() const;
  /// Train id -> colour; black for what is not a class.
  std::array<uint8_t, 3> color(uint8_t train_id) const;
  /// The scheme of that name, of the table itself or one that segue knows; null: neither.
  const LabelScheme* scheme(const std::string& scheme_name) const;
};

/// The 19 classes of Cityscapes; labels of "cityscapes" (GTA5 too), "synthia" and "camvid" map onto them.
const ClassTable& cityscapes_classes();

/// "cityscapes", or a TOML file of classes. Throws usage with file:line for what it cannot mean.
ClassTable load_class_table(const std::string& name_or_path);

/// A class table of TOML text; `name`: the file, for messages and for a table that does not name itself. docs/data.md
/// says how one is written. Throws usage with name:line.
ClassTable parse_class_table(const std::string& text, const std::string& name);

/// TOML text that parse_class_table() reads as the same table: to be kept beside weights.
std::string class_table_text(const ClassTable& table);

/// Reads what the label files of a folder hold: "scheme = 'synthia'" names a scheme of `table` or of segue, "[labels]" or
/// "[[class]]" name every id. Throws usage with name:line.
LabelScheme parse_label_scheme(const std::string& text, const std::string& name, const ClassTable& table);

/// Id in a file -> train id for labels of `scheme`: as the table says if it knows the scheme; else each label goes to the
/// class of its name, or where the table sends a label of its name in another scheme ("cityscapes" first), and "void",
/// "unlabeled" and the like are ignored. Throws usage for a label that has no place.
LabelTable place_labels(const ClassTable& table, const LabelScheme& scheme);

}  // namespace segue::data
