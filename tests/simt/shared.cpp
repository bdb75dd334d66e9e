// Shared memory of the running block. Arrays lie apart with red zones between them; AddressSanitizer knows the zones,
// and without it a write into one is found when the block ends. Content starts as NaN, so a missing write shows.
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "machine.h"

#if defined(__SANITIZE_ADDRESS__) || defined(SEGUE_SIMT_ASAN)
#define SEGUE_POISON 1
#include <sanitizer/asan_interface.h>
#endif

namespace segue::simt {
namespace {

constexpr size_t kCapacity = size_t(1) << 20;
constexpr size_t kRedZone = 128;
constexpr unsigned char kZoneByte = 0xA5, kContentByte = 0xff;

}  // namespace

SharedMemory::SharedMemory() {
  void* p = mmap(nullptr, kCapacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) throw std::bad_alloc();
  memory_ = static_cast<char*>(p);
#if SEGUE_POISON
  __asan_poison_memory_region(memory_, kCapacity);
#endif
}

SharedMemory::~SharedMemory() {
#if SEGUE_POISON
  __asan_unpoison_memory_region(memory_, kCapacity);
#endif
  munmap(memory_, kCapacity);
}

void SharedMemory::begin_block(size_t dynamic_bytes) {
#if SEGUE_POISON
  __asan_poison_memory_region(memory_, std::min(kCapacity, used_ + 2 * kRedZone));
#endif
  ++block_;
  items_.clear();
  used_ = static_bytes_ = 0;
  dynamic_bytes_ = dynamic_bytes;
  dynamic_ = dynamic_bytes ? take("dynamic", dynamic_bytes, 1024) : nullptr;
}

char* SharedMemory::take(const char* name, size_t bytes, size_t align) {
  const size_t a = std::max<size_t>(align, 16), offset = (used_ + kRedZone + a - 1) / a * a;
  char* p = memory_ + offset;
#if SEGUE_POISON
  __asan_unpoison_memory_region(p, bytes);
#else
  std::memset(memory_ + used_, kZoneByte, offset - used_);
  std::memset(p + bytes, kZoneByte, kRedZone);
#endif
  std::memset(p, kContentByte, bytes);
  used_ = offset + bytes;
  items_.push_back({name, p, bytes});
  return p;
}

void* SharedMemory::add(const char* name, size_t bytes, size_t align, Site site) {
  static_bytes_ += bytes;
  if (static_bytes_ > options().max_static_bytes || static_bytes_ + dynamic_bytes_ > options().max_shared_bytes)
    kernel_error("shared memory over the limit: " + std::to_string(static_bytes_) + " bytes declared, " +
                     std::to_string(dynamic_bytes_) + " dynamic",
                 site);
  return take(name, bytes, align);
}

std::string SharedMemory::check() const {
#if !SEGUE_POISON
  for (const SharedItem& item : items_)
    for (size_t i = 0; i < kRedZone; ++i) {
      const bool behind = uint8_t(item.data[item.bytes + i]) != kZoneByte;
      // Alignment may push an array away from its zone: what lies directly in front is a zone all the same.
      const bool before = uint8_t(item.data[-1 - ptrdiff_t(i)]) != kZoneByte;
      if (behind || before)
        return std::string("shared array '") + item.name + "' (" + std::to_string(item.bytes) +
               " bytes) was written out of bounds, at byte " +
               std::to_string(behind ? ptrdiff_t(item.bytes + i) : -1 - ptrdiff_t(i));
    }
#endif
  return {};
}

bool SharedMemory::contains(const void* p) const { return size_t(static_cast<const char*>(p) - memory_) < kCapacity; }

const SharedItem* SharedMemory::find(const void* p) const {
  for (const SharedItem& item : items_)
    if (p >= item.data && p < item.data + item.bytes) return &item;
  return nullptr;
}

void* shared_array(SharedSlot& slot, size_t bytes, size_t align, const char* name, const char* file, int line) {
  SharedMemory& shared = machine().shared;
  if (slot.block != shared.block()) slot = {shared.block(), shared.add(name, bytes, align, {file, line})};
  return slot.data;
}

void* dynamic_shared(size_t) {
  void* p = machine().shared.dynamic();
  if (!p) kernel_error("the kernel uses dynamic shared memory, but its launch asked for none", machine().current->site);
  return p;
}

}  // namespace segue::simt
