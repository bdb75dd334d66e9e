#include "step_state.h"

#include "arena.h"
#include "device.h"
#include "memory.h"

namespace segue {

StepState::StepState(Arena& persistent, Device& device)
    : device_(device), block_(persistent, {kBytes}, DType::u8, "step_state"), host_(size_t(kBytes)) {
  zero_memory(block_.data(), size_t(kBytes));
  random_step_ = declare<uint64_t>("random_step");
}

View StepState::declare(const std::string& name, DType dtype, int64_t count) {
  const Shape shape = count == 1 ? Shape{} : Shape{count};
  for (const Slot& s : slots_) {
    if (s.name != name) continue;
    require(s.view.dtype == dtype && s.view.shape == shape, "step_state", "'", name, "' is declared as ", s.view.dtype,
            " ", s.view.shape, "; got ", dtype, " ", shape);
    return s.view;
  }
  // 16-byte alignment: a kernel may read a value as a vector.
  const int64_t begin = (used_bytes_ + 15) / 16 * 16;
  require(count > 0 && count <= (kBytes - begin) / size_of(dtype), "step_state", "expects at most ", kBytes,
          " bytes in all; '", name, "' would take ", count, " of ", dtype, " from byte ", begin);
  used_bytes_ = begin + count * size_of(dtype);
  View view(static_cast<std::byte*>(block_.data()) + begin, shape, dtype);
  slots_.push_back({name, view});
  return view;
}

void* StepState::host(const View& slot, DType dtype, int64_t index) {
  const int64_t offset = static_cast<std::byte*>(slot.data) - static_cast<std::byte*>(block_.data());
  require(slot.dtype == dtype && offset >= 0 && offset < used_bytes_ && index >= 0 && index < slot.count(),
          "step_state", "expects a declared value of type ", dtype, " and an index below ", slot.count(), "; got ",
          slot.dtype, " and index ", index);
  return host_.data() + offset;
}

void StepState::upload() { device_.upload(block_.data(), host_.data(), size_t(used_bytes_)); }

}  // namespace segue
