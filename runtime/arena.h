// Memory: one reserved range of addresses, blocks handed out best fit, addresses that never move.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace segue {

/// Where an arena's bytes come from: a range of addresses reserved once, made usable from its start upwards.
class Backing {
 public:
  virtual ~Backing() = default;
  virtual std::byte* base() const = 0;
  virtual size_t reserved_bytes() const = 0;
  /// Makes [0, bytes) usable; false if the device has no more memory. Never shrinks.
  virtual bool commit(size_t bytes) = 0;
  /// False: the host reaches the bytes through read, write and zero alone, which wait for the device.
  virtual bool on_host() const { return true; }
  virtual void write(std::byte* to, const void* from, size_t bytes);
  virtual void read(void* to, const std::byte* from, size_t bytes);
  virtual void zero(std::byte* to, size_t bytes);
};

/// Host memory from mmap: pages appear when first touched. `limit_bytes` 0: the machine's physical memory.
std::unique_ptr<Backing> host_backing(size_t limit_bytes = 0);

/// Best fit over one reserved range, blocks of a multiple of 512 bytes, free neighbours merged at once. The address of
/// a block depends only on the order of the calls, so equal steps get equal addresses. Not thread-safe: one arena
/// belongs to one context.
class Arena {
 public:
  static constexpr size_t kAlign = 512;

  /// `name` appears in messages.
  Arena(std::string name, std::unique_ptr<Backing> backing);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// At least `bytes` at 512-byte alignment, content undefined; `tag` (a literal: the op that asks) is shown by
  /// describe(). Throws out_of_memory with what was asked, what is used, and the largest blocks.
  void* allocate(size_t bytes, const char* tag);
  /// Gives a block back. Passing another address is an internal error that ends the program.
  void release(void* block) noexcept;

  size_t used() const { return used_; }
  size_t high_water() const { return high_water_; }
  void reset_high_water() { high_water_ = used_; }
  size_t committed() const { return committed_; }
  /// The `most` largest blocks in use, a line each: bytes and tag.
  std::string describe(int most = 10) const;
  /// True if a recorded step relies on today's size: growing is then an error.
  void forbid_growth(bool forbid) { growth_forbidden_ = forbid; }

 private:
  struct Block {
    size_t bytes;
    const char* tag;  // nullptr: free
  };
  using Blocks = std::map<size_t, Block>;  // by offset

  void poison(const void* p, size_t bytes) const;
  void unpoison(const void* p, size_t bytes) const;
  void add_free(Blocks::iterator it);
  void remove_free(Blocks::iterator it);

  std::string name_;
  std::unique_ptr<Backing> backing_;
  Blocks blocks_;
  std::set<std::pair<size_t, size_t>> free_;  // (bytes, offset)
  size_t used_ = 0, high_water_ = 0, committed_ = 0;
  bool growth_forbidden_ = false;
};

}  // namespace segue
