// The layouts in which data sets are published, and folders of one's own.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "file_scan.h"
#include "gta5_split.h"
#include "kernels/error.h"
#include "runtime/text.h"

namespace segue::data {
namespace {

/// What all layouts are read with.
struct Request {
  const DataSpec& spec;
  const DataOptions& options;
  /// The split that was asked for, or the kind's own.
  std::string split(const std::string& own) const {
    return spec.option("split", options.split.empty() ? own : options.split);
  }
  bool split_is_in_spec() const { return spec.options.count("split") > 0; }
};

[[noreturn]] void no_folder(const DataSpec& spec, const std::string& folder, const std::string& hint = "") {
  throw Error(Fault::data, cat("data ", quote(spec.text), ": no folder ", quote(folder), hint));
}

std::string join(const std::string& a, const std::string& b) { return (std::filesystem::path(a) / b).string(); }

void need_folder(const DataSpec& spec, const std::string& folder) {
  if (!is_folder(folder)) no_folder(spec, folder);
}

/// The folder of a split, or the error that says which splits are there.
std::string split_folder(const DataSpec& spec, const std::string& parent, const std::string& split) {
  need_folder(spec, parent);
  const std::string folder = join(parent, split);
  if (is_folder(folder)) return folder;
  std::string there;
  const std::vector<std::string> names = folders_in(parent);
  for (const std::string& n : names) there += (there.empty() ? "" : ", ") + quote(n);
  no_folder(
      spec, folder,
      there.empty() ? "; there are no folders beside it" : cat("; there are ", there, did_you_mean(split, names)));
}

std::string base_name(const std::string& key) { return key.substr(key.rfind('/') + 1); }

/// leftImg8bit/SPLIT/CITY/NAME_leftImg8bit.png, gtFine/SPLIT/CITY/NAME_gtFine_labelIds.png; gtCoarse likewise.
void list_cityscapes(const Request& r, Listing& out) {
  const std::string split = r.split("train");
  const std::string images = split_folder(r.spec, join(r.spec.path, "leftImg8bit"), split);
  const auto image_key = [](const std::string& relative) {
    return without_suffix(image_stem(relative), "_leftImg8bit");
  };
  const std::vector<ScannedFile> found = scan_folder(images, image_key);
  out.sought = cat("CITY/*_leftImg8bit.png in ", quote(images));
  if (!r.options.need_labels) {
    take_images(found, out);
  } else {
    const std::string type =
        !is_folder(join(r.spec.path, "gtFine/" + split)) && is_folder(join(r.spec.path, "gtCoarse/" + split))
            ? "gtCoarse"
            : "gtFine";
    const std::string labels = split_folder(r.spec, join(r.spec.path, type), split);
    out.sought += cat(" with CITY/*_", type, "_labelIds.png in ", quote(labels));
    pair_files(found,
               scan_folder(labels,
                           [&type](const std::string& relative) {
                             return without_suffix(relative, "_" + type + "_labelIds.png");
                           }),
               out);
  }
  // Official tools find predictions by the name of the image, whatever folder they lie in.
  for (ListedExample& e : out.examples) e.name = base_name(e.name);
}

/// Images in one folder, labels in another, by the same name.
void list_pairs(const Request& r, const std::string& images, const std::string& labels, Listing& out) {
  need_folder(r.spec, images);
  const std::vector<ScannedFile> found = scan_folder(images, image_stem);
  out.sought = cat("images (.png, .jpg) in ", quote(images));
  if (!r.options.need_labels) return take_images(found, out);
  need_folder(r.spec, labels);
  out.sought += cat(" with labels (.png) of the same names in ", quote(labels));
  pair_files(found, scan_folder(labels, png_stem), out);
}

/// images/00001.png, labels/00001.png. Studies of adaptation train on all images, so that is what no split means.
void list_gta5(const Request& r, Listing& out) {
  list_pairs(r, join(r.spec.path, "images"), join(r.spec.path, "labels"), out);
  const std::string split = r.split("all");
  const std::vector<std::string> splits = {"train", "val", "test", "all"};
  if (std::find(splits.begin(), splits.end(), split) == splits.end())
    throw Error(Fault::usage, cat("data ", quote(r.spec.text), ": gta5 has the splits train, val, test and all; got ",
                                  quote(split), did_you_mean(split, splits)));
  const auto elsewhere = [&](const std::string& path) {
    return split != "all" && !in_gta5_split(split, gta5_number(image_stem(base_name(path))));
  };
  std::vector<ListedExample> kept;
  for (ListedExample& e : out.examples) {
    if (elsewhere(e.image)) continue;
    if (r.spec.option("broken").empty() && is_broken_gta5(gta5_number(e.name)))
      out.broken.push_back(e.image);
    else
      kept.push_back(std::move(e));
  }
  out.examples = std::move(kept);
  for (auto* list : {&out.unlabelled, &out.imageless, &out.doubled})
    list->erase(std::remove_if(list->begin(), list->end(), elsewhere), list->end());
  if (split != "all") out.sought += cat(" that belong to the split ", split);
}

/// RGB/0000000.png, GT/LABELS/0000000.png; no splits.
void list_synthia(const Request& r, Listing& out) {
  if (r.split_is_in_spec())
    throw Error(Fault::usage, cat("data ", quote(r.spec.text), ": synthia has no splits; leave split out"));
  list_pairs(r, join(r.spec.path, "RGB"), join(r.spec.path, "GT/LABELS"), out);
}

/// SPLIT/images, SPLIT/labels; or SPLIT and SPLITannot, as the SegNet tutorial has it.
void list_camvid(const Request& r, Listing& out) {
  const std::string folder = split_folder(r.spec, r.spec.path, r.split("train"));
  if (is_folder(join(folder, "images")))
    list_pairs(r, join(folder, "images"), join(folder, "labels"), out);
  else
    list_pairs(r, folder, folder + "annot", out);
}

/// What the labels of a folder hold: ?scheme=, the folder's classes.toml, or Cityscapes' ids, which are the table's own
/// where it says nothing of Cityscapes.
LabelScheme folder_scheme(const Request& r, const std::vector<std::string>& places, const ClassTable& classes) {
  const std::string named = r.spec.option("scheme");
  if (!named.empty()) {
    classes.to_train(named);  // or the error that lists what the table knows
    return *classes.scheme(named);
  }
  for (const std::string& place : places) {
    const std::string path = join(place, "classes.toml");
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) continue;
    std::ifstream file(path, std::ios::binary);
    std::string text(size_t((1 << 20) + 1), '\0');
    file.read(text.data(), std::streamsize(text.size()));
    text.resize(size_t(file.gcount()));
    return parse_label_scheme(text, path, classes);
  }
  return *classes.scheme(classes.schemes.count("cityscapes") ? "cityscapes" : classes.name);
}

/// images/ and labels/, alone, within folders for splits, or around them; or images alone.
void list_folder(const Request& r, const ClassTable& classes, Listing& out) {
  const std::string &path = r.spec.path, split = r.split("train");
  need_folder(r.spec, path);
  const std::string split_place = join(path, split);
  if (r.options.need_labels) {
    out.scheme = folder_scheme(r, {split_place, path}, classes);
    out.table = place_labels(classes, out.scheme);
  }
  if (is_folder(join(split_place, "images")))
    return list_pairs(r, join(split_place, "images"), join(split_place, "labels"), out);
  if (is_folder(join(path, "images/" + split)))
    return list_pairs(r, join(path, "images/" + split), join(path, "labels/" + split), out);
  if (r.split_is_in_spec() && (r.options.need_labels || !is_folder(split_place)))
    no_folder(r.spec, join(split_place, "images"), cat(", nor ", quote(join(path, "images/" + split))));
  if (is_folder(join(path, "images"))) return list_pairs(r, join(path, "images"), join(path, "labels"), out);
  if (r.options.need_labels) no_folder(r.spec, join(path, "images"), "; labelled images are images/ and labels/");
  list_pairs(r, r.split_is_in_spec() ? split_place : path, "", out);
}

}  // namespace

int64_t gta5_number(const std::string& name) {
  if (name.empty() || name.size() > 9 || name.find_first_not_of("0123456789") != std::string::npos) return -1;
  return std::stoll(name);
}

Listing list_data(const DataSpec& spec, const ClassTable& classes, const DataOptions& options) {
  const Request r{spec, options};
  Listing out;
  if (spec.kind == "folder") {
    list_folder(r, classes, out);
  } else {
    if (!spec.option("scheme").empty())
      throw Error(Fault::usage, cat("data ", quote(spec.text), ": only folder: takes a scheme; ", spec.kind,
                                    " says itself what its labels hold"));
    const std::string scheme = spec.kind == "gta5" ? "cityscapes" : spec.kind;
    if (options.need_labels) out.table = classes.to_train(scheme);
    out.scheme = *classes.scheme(scheme);
    if (spec.kind == "cityscapes") list_cityscapes(r, out);
    if (spec.kind == "gta5") list_gta5(r, out);
    if (spec.kind == "synthia") list_synthia(r, out);
    if (spec.kind == "camvid") list_camvid(r, out);
  }
  std::sort(out.examples.begin(), out.examples.end(),
            [](const ListedExample& a, const ListedExample& b) { return a.name < b.name; });
  std::vector<ListedExample> unique;
  for (ListedExample& e : out.examples) {  // Cityscapes: the same name in two cities
    if (!unique.empty() && unique.back().name == e.name)
      out.doubled.push_back(e.image);
    else
      unique.push_back(std::move(e));
  }
  out.examples = std::move(unique);
  return out;
}

}  // namespace segue::data
