#include "output_folder.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "apps/records/differing_members.h"
#include "kernels/error.h"
#include "runtime/atomic_file.h"
#include "runtime/crc32c.h"
#include "runtime/mapped_file.h"
#include "runtime/text.h"

namespace segue {
namespace {

namespace fs = std::filesystem;

void make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw Error(Fault::io, cat("creating folder ", quote(path.string()), " failed: ", error.message()));
}

}  // namespace

OutputFolder::OutputFolder(const std::string& path, const std::string& file, Json recipe)
    : path_(path), file_(path + "/" + file), recipe_(std::move(recipe)) {
  std::error_code error;
  if (fs::exists(path, error) && !fs::is_directory(path, error))
    throw Error(Fault::usage, cat("expects a folder for what is written; ", quote(path), " is a file"));
  make_folder(path);
  if (!fs::exists(file_, error)) {
    remove_abandoned_files(path, false);  // of a call that was killed before there was a recipe
    const bool empty = fs::is_empty(path, error);
    if (error) throw Error(Fault::io, cat("reading folder ", quote(path), " failed: ", error.message()));
    if (!empty)
      throw Error(Fault::usage, cat("expects a new or empty folder, or one that this command has begun; ", quote(path),
                                    " has files but no ", file));
    note(Json::object());
    return;
  }
  const MappedFile mapped(file_);
  const Json before = Json::parse({reinterpret_cast<const char*>(mapped.data()), mapped.bytes()}, plain_text(file_));
  if (const std::string differ = differing_members(before.at("recipe"), recipe_); !differ.empty())
    throw Error(Fault::usage, cat("folder ", quote(path), " was begun with other settings (", differ,
                                  "); use another folder, or remove this one"));
  notes_ = before.at("notes");
  remove_abandoned_files(path);
}

std::string OutputFolder::place(const std::string& name) const {
  for (const fs::path& part : fs::path(name))
    if (part == ".." || part == "/")
      throw Error(Fault::data, cat("expects a name that stays in folder ", quote(path_), "; got ", quote(name)));
  const fs::path path = fs::path(path_) / name;
  make_folder(path.parent_path());
  return path;
}

void OutputFolder::note(Json notes) {
  notes_ = std::move(notes);
  Json all = Json::object();
  all.set("recipe", recipe_).set("notes", notes_);
  write_file(file_, all.dump(true) + "\n");
}

void require_outside(const std::string& outer, const std::string& inside) {
  std::error_code error;
  if (!fs::is_directory(outer, error)) return;
  const fs::path a = fs::weakly_canonical(outer, error), b = fs::weakly_canonical(inside, error);
  const auto [rest, unused] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (rest == a.end())
    throw Error(Fault::usage,
                cat("-o expects a folder outside ", quote(outer), ", whose images are read; got ", quote(inside)));
}

std::string file_checksum(const std::string& path) {
  const MappedFile file(path);
  char text[16];
  std::snprintf(text, sizeof text, "%08x", crc32c(file.data(), file.bytes()));
  return text;
}

}  // namespace segue
