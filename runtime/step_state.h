// Everything that changes from step to step and that kernels read: rates, Adam's step, EMA decay, loss weights, the
// random step, thresholds, boxes. It lies in device memory, so that a recorded step can be replayed with new values.
#pragma once

#include <string>
#include <vector>

#include "tensor.h"

namespace segue {

class Arena;
class Device;

/// A block of named values. Declare every value before the first step; set values on the host; upload() once before a
/// step. Kernels get views on the device copy, which stay valid for the life of the state.
class StepState {
 public:
  static constexpr int64_t kBytes = 64 * 1024;

  StepState(Arena& persistent, Device& device);

  /// Declares `count` values of type T (float, uint8_t, int32_t, uint32_t, int64_t, uint64_t) and returns their view:
  /// shape () for one, else (count). Declaring a name again with the same type and count returns the same view.
  template <class T>
  View declare(const std::string& name, int64_t count = 1) {
    return declare(name, DTypeOf<T>::value, count);
  }
  /// Sets one element of a declared value, to be seen by kernels after the next upload().
  template <class T>
  void set(const View& slot, T value, int64_t index = 0) {
    static_cast<T*>(host(slot, DTypeOf<T>::value, index))[index] = value;
  }
  template <class T>
  T get(const View& slot, int64_t index = 0) {
    return static_cast<T*>(host(slot, DTypeOf<T>::value, index))[index];
  }
  /// Sends the host's values to the device.
  void upload();

  /// The number of the step in progress, key of every random value: u64 ().
  const View& random_step() const { return random_step_; }

 private:
  View declare(const std::string& name, DType dtype, int64_t count);
  void* host(const View& slot, DType dtype, int64_t index);

  struct Slot {
    std::string name;
    View view;
  };
  Device& device_;
  Tensor block_;  // on the device
  std::vector<std::byte> host_;
  std::vector<Slot> slots_;
  int64_t used_bytes_ = 0;
  View random_step_;
};

}  // namespace segue
