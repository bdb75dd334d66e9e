// Packs: a data set as one file of images and labels of one size, decoded, which training maps into memory.
//
// NAME.segpack, little-endian: a head of 64 bytes (magic, version, flags, count, height, width, where records begin and how
// far apart they lie, checksums); a description in JSON (the labels' scheme with all its names, and the examples' names);
// from a multiple of 4096 on records of (H,W,3) u8 RGB, (H,W) u8 label ids, zeros up to a multiple of 64, the last four
// bytes of which are the record's CRC-32C.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "data_set.h"
#include "png_file.h"

namespace segue::data {

/// Opens a pack; views of its examples point into the mapped file. A record's checksum is looked at when it is first read.
/// The head is checked against the file's size here: a pack that is cut off is not opened. Throws data, naming the file; also
/// for a pack without labels where they are needed.
std::shared_ptr<const DataSet> open_pack(const std::string& path, const ClassTable& classes,
                                         const DataOptions& options = {});

/// Called after each example with how many are done, of how many.
using PackProgress = std::function<void(int64_t done, int64_t count)>;

/// Writes all examples of a set at one size: images antialiased, labels nearest. Takes memory for a few examples only.
/// Throws what reading throws, io, and data for names that no output could bear.
void write_pack(const DataSet& set, ImageSize size, const std::string& path, const PackProgress& progress = {});

}  // namespace segue::data
