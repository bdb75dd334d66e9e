#include <algorithm>
#include <limits>

#include "kernels/error.h"
#include "score_report.h"

namespace segue {
namespace {

using data::kIgnore;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

/// Ids of Cityscapes' labels, first to last, by category.
struct Category {
  const char* name;
  uint8_t first, last;
};
constexpr Category kCategories[] = {{"void", 0, 6},     {"flat", 7, 10}, {"construction", 11, 16}, {"object", 17, 20},
                                    {"nature", 21, 22}, {"sky", 23, 23}, {"human", 24, 25},        {"vehicle", 26, 33}};

/// A label that is listed.
struct Listed {
  std::string name;
  int64_t id;
};

std::vector<Listed> labels_of(const data::ClassTable& classes) {
  std::vector<Listed> labels;
  if (has_cityscapes_ids(classes)) {
    // Those of the tool: from 0, without GTA5's 34.
    for (const auto& [id, name] : classes.scheme("cityscapes")->labels)
      if (id <= kCategories[std::size(kCategories) - 1].last) labels.push_back({name, id});
  } else {
    for (const data::ClassInfo& k : classes.classes) labels.push_back({k.name, k.id});
  }
  return labels;
}

/// Id -> class, for ids that are written.
data::LabelTable to_train(const data::ClassTable& classes) {
  data::LabelTable table;
  table.fill(kIgnore);
  for (size_t k = 0; k < classes.classes.size(); ++k) table[classes.classes[k].id] = uint8_t(k);
  return table;
}

Json matrix(const data::IdConfusion& confusion, int64_t size) {
  Json rows = Json::array();
  for (int64_t label = 0; label < size; ++label) {
    Json row = Json::array();
    for (int64_t prediction = 0; prediction < size; ++prediction) row.push(int64_t(confusion.at(label, prediction)));
    rows.push(std::move(row));
  }
  return rows;
}

Json priors(const data::IdConfusion& confusion, const std::vector<Listed>& labels, int64_t size) {
  std::vector<uint64_t> rows(size_t(size), 0);
  uint64_t all = 0;
  for (int64_t label = 0; label < size; ++label) {
    for (int64_t prediction = 0; prediction < size; ++prediction)
      rows[size_t(label)] += confusion.at(label, prediction);
    all += rows[size_t(label)];
  }
  Json j = Json::object();
  for (const Listed& l : labels) j.set(l.name, all > 0 ? double(rows[size_t(l.id)]) / double(all) : kNone);
  return j;
}

/// Scores of categories are those of classes, with the labels of a category as one class.
void set_categories(const data::IdConfusion& confusion, const data::LabelTable& train_ids, Json& scores, Json& none,
                    Json& average) {
  data::LabelTable categories;
  categories.fill(kIgnore);
  for (size_t k = 0; k < std::size(kCategories); ++k)
    for (size_t id = kCategories[k].first; id <= kCategories[k].last; ++id)
      if (train_ids[id] != kIgnore) categories[id] = uint8_t(k);
  const data::Scores s = score(confusion.by_class(categories, int64_t(std::size(kCategories))));
  for (size_t k = 0; k < std::size(kCategories); ++k) {
    scores.set(kCategories[k].name, s.classes[k].iou);
    none.set(kCategories[k].name, Json());
  }
  average = s.miou;
}

}  // namespace

bool has_cityscapes_ids(const data::ClassTable& classes) {
  const std::vector<data::ClassInfo>& a = classes.classes;
  const std::vector<data::ClassInfo>& b = data::cityscapes_classes().classes;
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const data::ClassInfo& x, const data::ClassInfo& y) {
    return x.name == y.name && x.id == y.id;
  });
}

Json score_json(const data::IdConfusion& confusion, const data::ClassTable& classes) {
  const std::vector<Listed> labels = labels_of(classes);
  int64_t size = 0;
  for (const Listed& l : labels) size = std::max(size, l.id + 1);
  const data::LabelTable train_ids = to_train(classes);
  const data::Scores scores = score(confusion.by_class(train_ids, classes.size()));

  Json ids = Json::object(), class_scores = Json::object(), no_classes = Json::object();
  for (const Listed& l : labels) {
    const uint8_t k = train_ids[size_t(l.id)];
    ids.set(l.name, l.id);
    class_scores.set(l.name, k == kIgnore ? kNone : scores.classes[k].iou);
    no_classes.set(l.name, Json());
  }
  Json categories = Json::object(), no_categories = Json::object(), average;
  if (has_cityscapes_ids(classes)) set_categories(confusion, train_ids, categories, no_categories, average);

  Json all = Json::object();
  all.set("confMatrix", matrix(confusion, size))
      .set("priors", priors(confusion, labels, size))
      .set("labels", std::move(ids))
      .set("classScores", std::move(class_scores))
      .set("classInstScores", std::move(no_classes))
      .set("categoryScores", std::move(categories))
      .set("categoryInstScores", std::move(no_categories))
      .set("averageScoreClasses", scores.miou)
      .set("averageScoreInstClasses", Json())
      .set("averageScoreCategories", std::move(average))
      .set("averageScoreInstCategories", Json());
  return all;
}

}  // namespace segue
