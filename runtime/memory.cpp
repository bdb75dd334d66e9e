#include "memory.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <vector>

#include "arena.h"
#include "kernels/error.h"

namespace segue {
namespace {

struct DeviceRanges {
  std::mutex mutex;
  std::vector<Backing*> backings;

  Backing* find(const void* p) {
    const std::lock_guard<std::mutex> lock(mutex);
    const auto* at = static_cast<const std::byte*>(p);
    for (Backing* b : backings)
      if (at >= b->base() && at < b->base() + b->reserved_bytes()) return b;
    return nullptr;
  }
};
DeviceRanges& ranges() {
  static DeviceRanges all;
  return all;
}

}  // namespace

void copy_memory(void* to, const void* from, size_t bytes) {
  if (bytes == 0) return;
  Backing *target = ranges().find(to), *source = ranges().find(from);
  if (!target && !source) {
    std::memcpy(to, from, bytes);
  } else if (!source) {
    target->write(static_cast<std::byte*>(to), from, bytes);
  } else if (!target) {
    source->read(to, static_cast<const std::byte*>(from), bytes);
  } else {
    std::vector<std::byte> between(bytes);
    source->read(between.data(), static_cast<const std::byte*>(from), bytes);
    target->write(static_cast<std::byte*>(to), between.data(), bytes);
  }
}

void zero_memory(void* to, size_t bytes) {
  if (bytes == 0) return;
  if (Backing* target = ranges().find(to))
    target->zero(static_cast<std::byte*>(to), bytes);
  else
    std::memset(to, 0, bytes);
}

bool is_device_memory(const void* p) { return ranges().find(p) != nullptr; }

void register_device_memory(Backing& backing) {
  const std::lock_guard<std::mutex> lock(ranges().mutex);
  ranges().backings.push_back(&backing);
}

void forget_device_memory(Backing& backing) {
  const std::lock_guard<std::mutex> lock(ranges().mutex);
  auto& list = ranges().backings;
  list.erase(std::remove(list.begin(), list.end(), &backing), list.end());
}

}  // namespace segue
