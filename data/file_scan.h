// Files below a folder, and pairs of them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "listing.h"

namespace segue::data {

/// A file and the key under which its partner is looked for.
struct ScannedFile {
  std::string key, path;
};

/// From a path below the scanned folder ("aachen/x_leftImg8bit.png") to its key; "" leaves the file out.
using FileKey = std::function<std::string(const std::string& relative)>;

/// Files below `folder` that have a key, sorted by key. Hidden names are passed over; folders within folders are followed
/// to a depth of 16. A folder that is called like an image ("a.png") is listed as if it were one: reading it says what is
/// wrong. Throws data if the folder cannot be read.
std::vector<ScannedFile> scan_folder(const std::string& folder, const FileKey& key);

/// The path without its ending if it ends like an image (.png, .jpg, .jpeg, in any case), or like a PNG; else "".
std::string image_stem(const std::string& relative);
std::string png_stem(const std::string& relative);
/// The path without `suffix`, or "" if it ends otherwise.
std::string without_suffix(const std::string& relative, const std::string& suffix);

/// Puts images and labels of one key together; what has no partner goes to the lists of the missing.
void pair_files(const std::vector<ScannedFile>& images, const std::vector<ScannedFile>& labels, Listing& listing);
/// Images alone.
void take_images(const std::vector<ScannedFile>& images, Listing& listing);

/// True if `path` is a folder.
bool is_folder(const std::string& path);
/// Names of the folders in `path`, sorted; hidden ones are passed over.
std::vector<std::string> folders_in(const std::string& path);

}  // namespace segue::data
