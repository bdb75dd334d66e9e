// Bytes to and from wherever a tensor lies: host memory or that of a device. For set-up, files, logs and tests; a step
// itself never needs it.
#pragma once

#include <cstddef>

namespace segue {

class Backing;

/// Copies `bytes` bytes; each side may be host or device memory (the ranges of all arenas are known). Waits for what is
/// queued on the device, and is done when it returns. Throws device if the copy fails.
void copy_memory(void* to, const void* from, size_t bytes);
/// Sets `bytes` bytes to zero, likewise.
void zero_memory(void* to, size_t bytes);
/// True if `p` lies in device memory: the host must not touch it.
bool is_device_memory(const void* p);

/// Makes the addresses of a backing known while it lives; called by Arena.
void register_device_memory(Backing& backing);
void forget_device_memory(Backing& backing);

}  // namespace segue
