#include "arena.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "kernels/error.h"
#include "memory.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

namespace segue {
namespace {

/// Bytes behind the committed ones that are poisoned too: reads behind the last block are found.
constexpr size_t kWatched = 4096;

size_t round_up(size_t n, size_t to) { return (n + to - 1) / to * to; }

std::string mib(size_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MiB", double(bytes) / 1048576.0);
  return text;
}

class HostBacking : public Backing {
 public:
  explicit HostBacking(size_t limit_bytes) {
    const size_t physical = size_t(sysconf(_SC_PHYS_PAGES)) * size_t(sysconf(_SC_PAGESIZE));
    bytes_ = round_up(limit_bytes ? limit_bytes : physical, 4096);
    void* p = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
      fail(Fault::out_of_memory, "arena", "expects to reserve ", mib(bytes_), " of addresses; the system refused");
    base_ = static_cast<std::byte*>(p);
    madvise(p, bytes_, MADV_HUGEPAGE);
  }
  ~HostBacking() override { munmap(base_, bytes_); }
  std::byte* base() const override { return base_; }
  size_t reserved_bytes() const override { return bytes_; }
  bool commit(size_t bytes) override { return bytes <= bytes_; }

 private:
  std::byte* base_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace

void Backing::write(std::byte* to, const void* from, size_t bytes) { std::memcpy(to, from, bytes); }
void Backing::read(void* to, const std::byte* from, size_t bytes) { std::memcpy(to, from, bytes); }
void Backing::zero(std::byte* to, size_t bytes) { std::memset(to, 0, bytes); }

std::unique_ptr<Backing> host_backing(size_t limit_bytes) { return std::make_unique<HostBacking>(limit_bytes); }

Arena::Arena(std::string name, std::unique_ptr<Backing> backing)
    : name_(std::move(name)), backing_(std::move(backing)) {
  if (!backing_->on_host()) register_device_memory(*backing_);
}

// Marks for AddressSanitizer outlive a mapping. Only those that were made are taken back: a reservation is huge.
Arena::~Arena() {
  unpoison(backing_->base(), std::min(committed_ + kWatched, backing_->reserved_bytes()));
  if (!backing_->on_host()) forget_device_memory(*backing_);
}

// AddressSanitizer knows host memory alone.
void Arena::poison([[maybe_unused]] const void* p, [[maybe_unused]] size_t bytes) const {
  if (backing_->on_host()) ASAN_POISON_MEMORY_REGION(p, bytes);
}
void Arena::unpoison([[maybe_unused]] const void* p, [[maybe_unused]] size_t bytes) const {
  if (backing_->on_host()) ASAN_UNPOISON_MEMORY_REGION(p, bytes);
}

void Arena::add_free(Blocks::iterator it) { free_.emplace(it->second.bytes, it->first); }
void Arena::remove_free(Blocks::iterator it) { free_.erase({it->second.bytes, it->first}); }

void* Arena::allocate(size_t bytes, const char* tag) {
  const size_t asked = bytes;
  // A size that rounding up would wrap around stays larger than any memory.
  bytes = asked > SIZE_MAX - kAlign ? SIZE_MAX : round_up(std::max<size_t>(asked, 1), kAlign);
  auto fit = free_.lower_bound({bytes, 0});
  Blocks::iterator it;
  if (fit != free_.end()) {
    it = blocks_.find(fit->second);
    remove_free(it);
  } else {
    // Grow at the end, taking in a free last block.
    const bool tail_free = !blocks_.empty() && !blocks_.rbegin()->second.tag;
    const size_t begin = tail_free ? blocks_.rbegin()->first : committed_;
    const bool fits = bytes <= backing_->reserved_bytes() && begin <= backing_->reserved_bytes() - bytes;
    if (growth_forbidden_ || !fits || !backing_->commit(begin + bytes)) {
      throw Error(Fault::out_of_memory,
                  cat("[", tag, "] expects ", mib(asked), " of ", name_, " memory; used ", mib(used_), ", reserved ",
                      mib(committed_), growth_forbidden_ ? ", which a recorded step has fixed" : "", ", limit ",
                      mib(backing_->reserved_bytes()), ". Use a smaller batch or crop. Largest blocks: ", describe()));
    }
    if (tail_free) {
      it = std::prev(blocks_.end());
      remove_free(it);
      it->second.bytes = bytes;
    } else {
      it = blocks_.emplace(begin, Block{bytes, nullptr}).first;
    }
    const size_t poisoned = std::min(begin + bytes + kWatched, backing_->reserved_bytes());
    poison(backing_->base() + committed_, poisoned - committed_);
    committed_ = begin + bytes;
  }
  if (it->second.bytes > bytes) {
    auto rest = blocks_.emplace(it->first + bytes, Block{it->second.bytes - bytes, nullptr}).first;
    it->second.bytes = bytes;
    add_free(rest);
  }
  it->second.tag = tag;
  used_ += bytes;
  high_water_ = std::max(high_water_, used_);
  std::byte* p = backing_->base() + it->first;
  unpoison(p, asked);  // what rounding adds stays poisoned: an over-read is found
  return p;
}

void Arena::release(void* block) noexcept {
  auto it = blocks_.find(size_t(static_cast<std::byte*>(block) - backing_->base()));
  if (it == blocks_.end() || !it->second.tag) {
    std::fprintf(stderr, "segue: internal error: %s memory released twice or never allocated\n", name_.c_str());
    std::abort();
  }
  used_ -= it->second.bytes;
  it->second.tag = nullptr;
  poison(block, it->second.bytes);
  if (auto next = std::next(it); next != blocks_.end() && !next->second.tag) {
    remove_free(next);
    it->second.bytes += next->second.bytes;
    blocks_.erase(next);
  }
  if (it != blocks_.begin()) {
    auto prev = std::prev(it);
    if (!prev->second.tag) {
      remove_free(prev);
      prev->second.bytes += it->second.bytes;
      blocks_.erase(it);
      it = prev;
    }
  }
  add_free(it);
}

std::string Arena::describe(int most) const {
  std::vector<std::pair<size_t, const char*>> live;
  for (const auto& [offset, block] : blocks_)
    if (block.tag) live.emplace_back(block.bytes, block.tag);
  std::stable_sort(live.begin(), live.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  if (live.size() > size_t(most)) live.resize(size_t(most));
  std::string text;
  for (const auto& [bytes, tag] : live) text += (text.empty() ? "" : ", ") + mib(bytes) + " " + tag;
  return text.empty() ? "none" : text;
}

}  // namespace segue
