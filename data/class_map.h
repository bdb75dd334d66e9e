// The classes that segue is trained on: the 19 of Cityscapes, their numbers in label files and their colours.
#pragma once

#include <array>
#include <cstdint>

namespace segue::data {

/// A label that takes no part: neither trained on nor counted.
constexpr uint8_t kIgnore = 255;

struct ClassInfo {
  const char* name;
  uint8_t id;  ///< in label files
  std::array<uint8_t, 3> rgb;
};

/// By train id. Cordts et al. 2016, arXiv:1604.01685; the numbers are those of the published label table.
constexpr std::array<ClassInfo, 19> kCityscapes = {{{"road", 7, {128, 64, 128}},
                                                    {"sidewalk", 8, {244, 35, 232}},
                                                    {"building", 11, {70, 70, 70}},
                                                    {"wall", 12, {102, 102, 156}},
                                                    {"fence", 13, {190, 153, 153}},
                                                    {"pole", 17, {153, 153, 153}},
                                                    {"traffic light", 19, {250, 170, 30}},
                                                    {"traffic sign", 20, {220, 220, 0}},
                                                    {"vegetation", 21, {107, 142, 35}},
                                                    {"terrain", 22, {152, 251, 152}},
                                                    {"sky", 23, {70, 130, 180}},
                                                    {"person", 24, {220, 20, 60}},
                                                    {"rider", 25, {255, 0, 0}},
                                                    {"car", 26, {0, 0, 142}},
                                                    {"truck", 27, {0, 0, 70}},
                                                    {"bus", 28, {0, 60, 100}},
                                                    {"train", 31, {0, 80, 100}},
                                                    {"motorcycle", 32, {0, 0, 230}},
                                                    {"bicycle", 33, {119, 11, 32}}}};

/// One entry for every byte of a label file.
using LabelTable = std::array<uint8_t, 256>;

/// Id in a label file -> train id; kIgnore for ids that are not trained on, 255 (also -1) among them.
const LabelTable& train_ids();
/// Train id -> id in a label file; 0, "unlabeled", for what is not a class: official tools index a table of 34 with it.
const LabelTable& file_ids();
/// Train id -> colour; black for what is not a class.
std::array<uint8_t, 3> color_of(uint8_t train_id);

}  // namespace segue::data
