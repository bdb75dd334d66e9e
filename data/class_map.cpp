#include "class_map.h"

#include <cstddef>

namespace segue::data {
namespace {

constexpr LabelTable make_train_ids() {
  LabelTable t{};
  for (uint8_t& v : t) v = kIgnore;
  for (std::size_t k = 0; k < kCityscapes.size(); ++k) t[kCityscapes[k].id] = uint8_t(k);
  return t;
}

constexpr LabelTable make_file_ids() {
  LabelTable t{};
  for (std::size_t k = 0; k < kCityscapes.size(); ++k) t[k] = kCityscapes[k].id;
  return t;
}

constexpr LabelTable kTrainIds = make_train_ids(), kFileIds = make_file_ids();

}  // namespace

const LabelTable& train_ids() { return kTrainIds; }
const LabelTable& file_ids() { return kFileIds; }

std::array<uint8_t, 3> color_of(uint8_t train_id) {
  return train_id < kCityscapes.size() ? kCityscapes[train_id].rgb : std::array<uint8_t, 3>{0, 0, 0};
}

}  // namespace segue::data
