// Named tensors in one file, in the safetensors format: a length, a JSON header, packed bytes.
// Source: huggingface/safetensors, README and safetensors/src/tensor.rs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mapped_file.h"

namespace segue {

/// Element types of the format, in its order of rising alignment. segue reads and writes those of is_supported().
enum class StoredType : uint8_t {
  BOOL,
  F4,
  F6_E2M3,
  F6_E3M2,
  U8,
  I8,
  F8_E5M2,
  F8_E4M3,
  F8_E8M0,
  F8_E4M3FNUZ,
  F8_E5M2FNUZ,
  I16,
  U16,
  F16,
  BF16,
  I32,
  U32,
  F32,
  C64,
  F64,
  I64,
  U64
};
constexpr int kStoredTypes = int(StoredType::U64) + 1;

const char* name_of(StoredType t);
int64_t bits_of(StoredType t);
/// F32, F16, BF16, F64, I64, I32, U8 and BOOL.
bool is_supported(StoredType t);

/// "[21,256,1,1]", as PyTorch prints a size; at most eight extents.
std::string shape_text(const std::vector<uint64_t>& shape);

/// One tensor of a file. The bytes are little-endian, row-major, without gaps, and not aligned.
struct StoredTensor {
  std::string name;
  StoredType type = StoredType::F32;
  std::vector<uint64_t> shape;  ///< extents; empty: a scalar
  uint64_t begin = 0, end = 0;  ///< bytes, from the end of the header

  uint64_t bytes() const { return end - begin; }
  /// Elements. Cannot overflow: the reader has compared it with the size of the file.
  uint64_t count() const {
    uint64_t n = 1;
    for (uint64_t extent : shape) n *= extent;
    return n;
  }
};

/// A safetensors file that has passed every check of the format: offsets without holes or overlaps, sizes that follow
/// from shapes, nothing missing and nothing trailing. Reads no tensor before it is asked for, and copies none.
class SafeTensors {
 public:
  /// Maps `path`. Throws data, ending in the name of the check that failed in parentheses: HeaderTooSmall,
  /// HeaderTooLarge, InvalidHeaderLength, InvalidHeader, InvalidHeaderDeserialization, InvalidOffset,
  /// ValidationOverflow, MisalignedSlice, TensorInvalidInfo, MetadataIncompleteBuffer, UnsupportedType.
  explicit SafeTensors(const std::string& path);
  /// Reads a file that lies in memory and stays there; `name` stands in messages.
  SafeTensors(const std::string& name, const void* file, size_t bytes);

  const std::string& path() const { return path_; }
  /// In the order of their bytes.
  const std::vector<StoredTensor>& tensors() const { return tensors_; }
  /// The tensor of this name, or null.
  const StoredTensor* find(const std::string& name) const;
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  /// First byte of a tensor of this file; valid as long as this object (or the memory it was made of).
  const std::byte* data(const StoredTensor& t) const { return data_ + t.begin; }
  /// Size of the file.
  uint64_t file_bytes() const { return file_bytes_; }

 private:
  void parse(const std::byte* file, size_t bytes);

  std::string path_;
  std::unique_ptr<MappedFile> mapped_;
  const std::byte* data_ = nullptr;
  uint64_t file_bytes_ = 0;
  std::vector<StoredTensor> tensors_;
  std::vector<uint32_t> by_name_;
  std::map<std::string, std::string> metadata_;
};

/// A tensor to be written: either `data`, packed bytes in host memory, or `fill`, which writes them when their turn
/// comes, so that a converted copy of all tensors never exists.
struct TensorSource {
  std::string name;
  StoredType type = StoredType::F32;
  std::vector<uint64_t> shape;
  const void* data = nullptr;
  std::function<void(std::byte* packed)> fill = nullptr;
};

/// Writes a file, atomically. Equal arguments give equal bytes: tensors by falling alignment, then by name, the header
/// padded with spaces to a multiple of eight. Throws invalid_argument for repeated names, names or metadata that are
/// not UTF-8, or types that segue does not write; io if the disk does not take it.
void write_safetensors(const std::string& path, const std::vector<TensorSource>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace segue
