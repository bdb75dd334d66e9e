// Weights of a model in a file: PyTorch's names and layouts on disk, segue's in memory.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "kernels/view.h"

namespace segue {

struct StoredTensor;

/// A tensor of a model and its name in files.
struct NamedTensor {
  std::string name;     ///< PyTorch's: "layer1.0.conv1.weight"
  View view;            ///< dense, in host or device memory: f32, f64, i64, i32 or u8
  bool filter = false;  ///< 4-D (A,R,S,B) in memory is stored as (A,B,R,S): OIHW; IOHW of a transposed convolution
};

struct LoadOptions {
  /// Missing and unexpected tensors are errors. Otherwise they are only reported, but something must match.
  bool strict = true;
  /// A tensor of another shape is reported and left as it is: a new head on a trained backbone.
  bool skip_mismatched = false;
  /// Leaves out running_mean and running_var that the model does not have: instance norms in old CycleGAN files.
  bool drop_norm_statistics = false;
};

struct LoadReport {
  int64_t matched = 0;                          ///< tensors that were written
  int64_t converted = 0;                        ///< of these, from F16, BF16 or F64
  std::vector<std::string> missing;             ///< of the model, not in the file
  std::vector<std::string> unexpected;          ///< in the file, not of the model
  std::vector<std::string> mismatched;          ///< of another shape, left as they were
  std::map<std::string, std::string> metadata;  ///< the file's own notes
  /// "320 tensors matched, 2 missing, 1 unexpected".
  std::string summary() const;
};

/// Writes tensors under their names, atomically; f32 as F32, f64 as F64, i64 as I64, i32 as I32, u8 as U8. A model for
/// PyTorch's load_state_dict(strict=True) lists its num_batches_tracked as i64 scalars. `metadata` gains format=pt.
/// Throws invalid_argument for repeated names or views that are not dense, io if the disk does not take it.
void save_weights(const std::string& path, const std::vector<NamedTensor>& tensors,
                  std::map<std::string, std::string> metadata = {});

/// The prefix that all names share because the model was wrapped in PyTorch: "module.", "_orig_mod." or "".
std::string wrapper_prefix(const std::vector<StoredTensor>& stored);

/// Reads a file into tensors of the same names. One leading "module." or "_orig_mod." that all names of the file share
/// is left out. F16, BF16 and F64 become f32 where the model is f32; num_batches_tracked is optional on both sides.
/// Nothing is written anywhere unless the whole file is acceptable. Throws data, naming the tensor, what the file has,
/// what the model wants, and the nearest name; invalid_argument for repeated names or views that are not dense.
LoadReport load_weights(const std::string& path, const std::vector<NamedTensor>& tensors,
                        const LoadOptions& options = {});

}  // namespace segue
