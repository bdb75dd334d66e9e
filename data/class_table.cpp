#include "class_table.h"

#include <algorithm>

#include "kernels/error.h"
#include "runtime/text.h"

namespace segue::data {
namespace {

struct KnownLabel {
  const char* name;
  int train_id;  // of the 19 classes of Cityscapes; -1: none
  std::array<uint8_t, 3> rgb;
};

// By id in label files. Cordts et al. 2016, arXiv:1604.01685; numbers and colours are those of the published label table.
// GTA5 (Richter et al. 2016, arXiv:1608.02192) holds the same ids and 34.
constexpr KnownLabel kCityscapes[] = {{"unlabeled", -1, {0, 0, 0}},
                                      {"ego vehicle", -1, {0, 0, 0}},
                                      {"rectification border", -1, {0, 0, 0}},
                                      {"out of roi", -1, {0, 0, 0}},
                                      {"static", -1, {0, 0, 0}},
                                      {"dynamic", -1, {111, 74, 0}},
                                      {"ground", -1, {81, 0, 81}},
                                      {"road", 0, {128, 64, 128}},
                                      {"sidewalk", 1, {244, 35, 232}},
                                      {"parking", -1, {250, 170, 160}},
                                      {"rail track", -1, {230, 150, 140}},
                                      {"building", 2, {70, 70, 70}},
                                      {"wall", 3, {102, 102, 156}},
                                      {"fence", 4, {190, 153, 153}},
                                      {"guard rail", -1, {180, 165, 180}},
                                      {"bridge", -1, {150, 100, 100}},
                                      {"tunnel", -1, {150, 120, 90}},
                                      {"pole", 5, {153, 153, 153}},
                                      {"polegroup", -1, {153, 153, 153}},
                                      {"traffic light", 6, {250, 170, 30}},
                                      {"traffic sign", 7, {220, 220, 0}},
                                      {"vegetation", 8, {107, 142, 35}},
                                      {"terrain", 9, {152, 251, 152}},
                                      {"sky", 10, {70, 130, 180}},
                                      {"person", 11, {220, 20, 60}},
                                      {"rider", 12, {255, 0, 0}},
                                      {"car", 13, {0, 0, 142}},
                                      {"truck", 14, {0, 0, 70}},
                                      {"bus", 15, {0, 60, 100}},
                                      {"caravan", -1, {0, 0, 90}},
                                      {"trailer", -1, {0, 0, 110}},
                                      {"train", 16, {0, 80, 100}},
                                      {"motorcycle", 17, {0, 0, 230}},
                                      {"bicycle", 18, {119, 11, 32}},
                                      {"license plate", -1, {0, 0, 142}}};

struct FoldedLabel {
  const char* name;
  int train_id;
};

// Ros et al. 2016, "The SYNTHIA Dataset"; SYNTHIA-RAND-CITYSCAPES.
constexpr FoldedLabel kSynthia[] = {{"void", -1},       {"sky", 10},          {"building", 2},     {"road", 0},
                                    {"sidewalk", 1},    {"fence", 4},         {"vegetation", 8},   {"pole", 5},
                                    {"car", 13},        {"traffic sign", 7},  {"pedestrian", 11},  {"bicycle", 18},
                                    {"motorcycle", 17}, {"parking slot", -1}, {"road work", -1},   {"traffic light", 6},
                                    {"terrain", 9},     {"rider", 12},        {"truck", 14},       {"bus", 15},
                                    {"train", 16},      {"wall", 3},          {"lane marking", -1}};

// Brostow et al. 2008 in the 11 classes of the SegNet tutorial. A bicyclist is rider and bicycle in one; most of its
// pixels are the rider's.
constexpr FoldedLabel kCamvid[] = {{"sky", 10},     {"building", 2},    {"pole", 5},       {"road", 0},
                                   {"sidewalk", 1}, {"vegetation", 8},  {"sign", 7},       {"fence", 4},
                                   {"car", 13},     {"pedestrian", 11}, {"bicyclist", 12}, {"unlabelled", -1}};

template <class Label, size_t N>
LabelScheme scheme_of(const char* name, const Label (&labels)[N]) {
  LabelScheme s{name, {}};
  for (size_t id = 0; id < N; ++id) s.labels.emplace_back(uint8_t(id), labels[id].name);
  return s;
}

template <class Label, size_t N>
LabelTable table_of(const Label (&labels)[N]) {
  LabelTable t;
  t.fill(kIgnore);
  for (size_t id = 0; id < N; ++id)
    if (labels[id].train_id >= 0) t[id] = uint8_t(labels[id].train_id);
  return t;
}

ClassTable make_cityscapes() {
  ClassTable t;
  t.name = "cityscapes";
  t.classes.resize(19);
  for (size_t id = 0; id < std::size(kCityscapes); ++id) {
    const KnownLabel& label = kCityscapes[id];
    if (label.train_id >= 0) t.classes[size_t(label.train_id)] = {label.name, uint8_t(id), label.rgb};
  }
  t.schemes = {{"cityscapes", table_of(kCityscapes)}, {"synthia", table_of(kSynthia)}, {"camvid", table_of(kCamvid)}};
  return t;
}

}  // namespace

const std::string& LabelScheme::label(uint8_t id) const {
  static const std::string none;
  const auto found = std::find_if(labels.begin(), labels.end(), [id](const auto& l) { return l.first == id; });
  return found == labels.end() ? none : found->second;
}

const std::vector<LabelScheme>& label_schemes() {
  static const std::vector<LabelScheme> all = {scheme_of("cityscapes", kCityscapes), scheme_of("synthia", kSynthia),
                                               scheme_of("camvid", kCamvid)};
  return all;
}

const LabelTable& ClassTable::to_train(const std::string& scheme_name) const {
  const auto found = schemes.find(scheme_name);
  if (found != schemes.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [known_name, table] : schemes) known.push_back(known_name);
  std::string list;
  for (const std::string& k : known) list += (list.empty() ? "" : ", ") + k;
  throw Error(Fault::usage, cat("class table ", quote(name), " does not say where labels of ", quote(scheme_name),
                                " go; it knows ", list, did_you_mean(scheme_name, known)));
}

LabelTable ClassTable::to_file() const {
  const bool zero_is_free = std::none_of(classes.begin(), classes.end(), [](const auto& c) { return c.id == 0; });
  LabelTable t;
  t.fill(zero_is_free ? 0 : kIgnore);
  for (size_t k = 0; k < classes.size(); ++k) t[k] = classes[k].id;
  return t;
}

std::array<uint8_t, 3> ClassTable::color(uint8_t train_id) const {
  return train_id < classes.size() ? classes[train_id].rgb : std::array<uint8_t, 3>{0, 0, 0};
}

const LabelScheme* ClassTable::scheme(const std::string& scheme_name) const {
  for (const std::vector<LabelScheme>* list : {&own_schemes, &label_schemes()})
    for (const LabelScheme& s : *list)
      if (s.name == scheme_name) return &s;
  return nullptr;
}

const ClassTable& cityscapes_classes() {
  static const ClassTable table = make_cityscapes();
  return table;
}

}  // namespace segue::data
