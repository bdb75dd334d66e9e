#include "prediction_files.h"

#include <cstring>

#include "data/png_file.h"
#include "data/resize.h"
#include "kernels/error.h"
#include "kernels/parallel.h"
#include "runtime/safetensors.h"
#include "runtime/text.h"

namespace segue {
namespace {

const std::vector<std::string> kNames = {"color", "ids", "trainids", "overlay", "logits"};  // as the enum

data::Image in_file_ids(const data::ImageView& train_ids, const data::ClassTable& classes) {
  data::Image ids(train_ids.height, train_ids.width, 1);
  data::ByteMap(classes.to_file()).apply(train_ids.px, ids.px.data(), int64_t(ids.px.size()));
  return ids;
}

/// True where another class begins to the right or below.
bool at_border(const data::ImageView& ids, int64_t y, int64_t x) {
  const uint8_t here = ids.row(y)[x];
  return (x + 1 < ids.width && ids.row(y)[x + 1] != here) || (y + 1 < ids.height && ids.row(y + 1)[x] != here);
}

data::Image overlay(const data::ImageView& ids, const data::ImageView& photo, const data::ClassTable& classes) {
  data::Image out(ids.height, ids.width, 3);
  for (int64_t y = 0; y < ids.height; ++y)
    for (int64_t x = 0; x < ids.width; ++x) {
      const std::array<uint8_t, 3> rgb = classes.color(ids.row(y)[x]);
      const bool border = at_border(ids, y, x);
      for (size_t k = 0; k < 3; ++k) {
        const int from = photo.row(y)[3 * x + int64_t(k)];
        out.row(y)[3 * x + int64_t(k)] = border ? rgb[k] : uint8_t((from + rgb[k] + 1) / 2);
      }
    }
  return out;
}

}  // namespace

PredictionKind prediction_kind(const std::string& name) {
  for (size_t i = 0; i < kNames.size(); ++i)
    if (name == kNames[i]) return PredictionKind(i);
  throw Error(Fault::usage, cat("--as expects color, ids, trainids, overlay or logits; got ", quote(name),
                                did_you_mean(name, kNames)));
}

bool needs_classes(PredictionKind kind) { return kind != PredictionKind::trainids && kind != PredictionKind::logits; }

const char* extension_of(PredictionKind kind) { return kind == PredictionKind::logits ? ".safetensors" : ".png"; }

void write_prediction(const std::string& path, PredictionKind kind, const data::ImageView& train_ids,
                      const data::ImageView& photo, const data::ClassTable& classes) {
  if (kind == PredictionKind::trainids) return data::write_png(path, train_ids, data::kLabelLevel);
  if (kind == PredictionKind::overlay) return data::write_png(path, overlay(train_ids, photo, classes).view());
  const data::Image ids = in_file_ids(train_ids, classes);
  if (kind == PredictionKind::ids) return data::write_png(path, ids.view(), data::kLabelLevel);
  data::Palette palette = {};
  for (const data::ClassInfo& k : classes.classes) palette[k.id] = k.rgb;
  data::write_png(path, ids.view(), palette);
}

void write_logits(const std::string& path, const std::vector<float>& logits, int64_t height, int64_t width,
                  const std::vector<std::string>& class_names) {
  const int64_t pixels = height * width, classes = int64_t(logits.size()) / pixels;
  std::map<std::string, std::string> notes = {{"format", "pt"}};
  for (const std::string& name : class_names) {
    std::string& list = notes["segue.classes"];
    list += (list.empty() ? "" : ",") + name;
  }
  write_safetensors(path,
                    {{.name = "logits",
                      .type = StoredType::F32,
                      .shape = {uint64_t(classes), uint64_t(height), uint64_t(width)},
                      .fill =
                          [&](std::byte* packed) {
                            for (int64_t k = 0; k < classes; ++k)
                              for (int64_t p = 0; p < pixels; ++p)
                                std::memcpy(packed + size_t(k * pixels + p) * sizeof(float),
                                            &logits[size_t(p * classes + k)], sizeof(float));
                          }}},
                    notes);
}

}  // namespace segue
