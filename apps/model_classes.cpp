#include "model_classes.h"

#include "kernels/error.h"
#include "runtime/text.h"

namespace segue {
namespace {

void check_choice(const SegmenterInfo& info, const std::string& file, const data::ClassTable& table) {
  const auto refuse = [&](const auto&... what) {
    throw Error(Fault::usage,
                cat("class table ", quote(table.name), " does not fit weights ", quote(file), ": ", what...));
  };
  if (table.size() != info.classes) refuse("it has ", table.size(), " classes, the model ", info.classes);
  for (size_t k = 0; k < info.class_names.size(); ++k)
    if (info.class_names[k].find(';') == std::string::npos && info.class_names[k] != table.classes[k].name)
      refuse("its class ", k, " is ", quote(table.classes[k].name), ", the model's ", quote(info.class_names[k]));
}

}  // namespace

void describe_classes(SegmenterInfo& info, const data::ClassTable& table) {
  info.classes = table.size();
  info.class_table = data::class_table_text(table);
  info.class_names.clear();
  for (const data::ClassInfo& k : table.classes) info.class_names.push_back(k.name);
}

data::ClassTable classes_of(const SegmenterInfo& info, const std::string& file, const std::string& choice) {
  if (!choice.empty()) {
    data::ClassTable table = data::load_class_table(choice);
    check_choice(info, file, table);
    return table;
  }
  if (info.class_table.empty()) {
    if (info.classes == data::cityscapes_classes().size()) return data::cityscapes_classes();
    throw Error(Fault::usage, cat("weights ", quote(file), " have ", info.classes,
                                  " classes and do not say which; name their table with --classes"));
  }
  try {
    data::ClassTable table = data::parse_class_table(info.class_table, "segue.class_table");
    check_choice(info, file, table);
    return table;
  } catch (const Error& e) {
    throw Error(Fault::data, cat("weights ", quote(file), ": metadata ", e.what()));
  }
}

}  // namespace segue
