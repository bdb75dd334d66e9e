// Images that a user names: one file, or all that lie in a folder.
#pragma once

#include <memory>
#include <string>

#include "data/data_set.h"

namespace segue {

/// An image file, or every .png, .jpg and .jpeg below a folder, in order of name and without labels; hidden files and
/// folders are left out. An example's name is its path in the folder without the extension. Throws data if there is no
/// image, or if two differ in nothing but their extension.
std::shared_ptr<const data::DataSet> open_images(const std::string& path);

}  // namespace segue
