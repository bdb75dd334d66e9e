// Race detector. Kernels are compiled with -fsanitize=thread, which calls a function before every access to memory; the
// functions are here instead of in the compiler's run time, and know CUDA's rules: a barrier of the block, __syncwarp
// among its lanes and the end of a launch order accesses, a fence followed by an atomic orders them between threads,
// shuffles and votes order nothing. Shared memory must also be written before it is read.
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <unordered_map>

#include "machine.h"

extern "C" char __data_start, _end;

namespace segue::simt {
namespace {

/// One access, as far as ordering needs it. `block` counts all blocks of all launches from 1; 0: none.
struct Access {
  uint32_t block = 0;
  uint32_t barriers = 0;      ///< that the block had passed
  uint32_t clock = 0;         ///< of the lane: counts its __syncwarps
  uint32_t fences = 0;        ///< that the thread had done
  uint32_t block_fences = 0;  ///< that the block had done
  uint32_t program_counter = 0;
  uint16_t thread = 0;
  uint8_t bytes = 0;  ///< which of the cell's four
  bool atomic = false;
};

/// What is remembered of four bytes: the last write and two reads.
struct Cell {
  Access write, read, other_read;
  uint32_t written_in = 0;  ///< block for which `written` holds
  uint8_t written = 0;      ///< bytes of shared memory that have a value
};

constexpr int kPageBits = 12;
struct Page {
  Cell cells[(1 << kPageBits) / 4];
};

constexpr size_t kMostReports = 20;

struct Detector {
  std::unordered_map<uintptr_t, std::unique_ptr<Page>> pages;
  uintptr_t last_key = 0;
  Page* last_page = nullptr;

  uint32_t block = 0, first_block = 1, barriers = 0;
  uint32_t clocks[kMaxThreads / 32][32][32];  // [warp][lane]: what each lane knows of the others
  struct Block {
    uint3 index;
    uint32_t fences;
  };
  std::vector<Block> blocks;  // of this launch
  uint32_t thread_fences[kMaxThreads], thread_atomics[kMaxThreads];
  bool block_had_atomic = false;
  std::map<std::pair<uint32_t, uint32_t>, std::string> reports;

  Cell& cell(uintptr_t address) {
    const uintptr_t key = address >> kPageBits;
    if (key != last_key || !last_page) {
      std::unique_ptr<Page>& page = pages[key];
      if (!page) page = std::make_unique<Page>();
      last_key = key;
      last_page = page.get();
    }
    return last_page->cells[(address & ((1 << kPageBits) - 1)) >> 2];
  }
};

Detector& detector() {
  static Detector d;
  return d;
}

uintptr_t program_base() {
  static const uintptr_t base = [] {
    uintptr_t b = 0;
    dl_iterate_phdr(
        [](dl_phdr_info* info, size_t, void* out) {
          *static_cast<uintptr_t*>(out) = info->dlpi_addr;
          return 1;  // the first is the program
        },
        &b);
    return b;
  }();
  return base;
}

/// "planted.cu:24 (shift_kernel...)", or the address where addr2line is missing.
std::string source_of(uint32_t program_counter) {
  static std::map<uint32_t, std::string> known;
  std::string& s = known[program_counter];
  if (!s.empty()) return s;
  char program[512];
  const ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
  program[n > 0 ? n : 0] = 0;
  char command[640];
  std::snprintf(command, sizeof command, "addr2line -Cfpsi -e '%s' 0x%x 2>/dev/null", program, program_counter - 1);
  if (FILE* pipe = popen(command, "r")) {
    char line[512];
    while (std::fgets(line, sizeof line, pipe)) {
      line[std::strcspn(line, "\n")] = 0;
      const char* at = std::strstr(line, " at ");
      // Inlined calls come first: skip those of the device language itself.
      if (s.empty() && at && !std::strstr(at, " language")) s = std::string(at + 4);
    }
    pclose(pipe);
  }
  if (const size_t cut = s.find(" (discriminator"); cut != std::string::npos) s.resize(cut);
  if (s.empty()) std::snprintf(command, sizeof command, "0x%x", program_counter), s = command;
  return s;
}

std::string place_of(uintptr_t address) {
  const void* p = reinterpret_cast<const void*>(address);
  char b[160];
  if (const SharedItem* item = machine().shared.find(p))
    std::snprintf(b, sizeof b, "shared '%s' + %zu bytes", item->name, size_t(static_cast<const char*>(p) - item->data));
  else if (machine().shared.contains(p))
    std::snprintf(b, sizeof b, "shared memory outside any array");
  else
    std::snprintf(b, sizeof b, "memory at %p", p);
  return b;
}

std::string describe(const Access& a, bool write) {
  const uint3 i = detector().blocks[a.block - detector().first_block].index;
  char b[96];
  std::snprintf(b, sizeof b, "\n    %s%s by block (%u,%u,%u) thread %u at ", write ? "write" : "read",
                a.atomic ? " (atomic)" : "", i.x, i.y, i.z, a.thread);
  return b + source_of(a.program_counter);
}

/// Does the earlier access happen before the later in every execution?
bool ordered(const Access& earlier, const Access& later) {
  const Detector& d = detector();
  if (earlier.block < d.first_block) return true;  // another launch
  if (earlier.block != later.block)
    return d.blocks[earlier.block - d.first_block].fences > earlier.block_fences && d.block_had_atomic;
  if (earlier.thread == later.thread || earlier.barriers != later.barriers) return true;
  if (d.thread_fences[earlier.thread] > earlier.fences && d.thread_atomics[later.thread] > 0) return true;
  const int warp = earlier.thread / 32;
  return warp == later.thread / 32 && d.clocks[warp][later.thread % 32][earlier.thread % 32] > earlier.clock;
}

void compare(uintptr_t address, const Access& earlier, bool earlier_write, const Access& later, bool later_write,
             bool of_block) {
  if (!earlier.block || !(earlier.bytes & later.bytes)) return;
  if (of_block && earlier.block != later.block) return;  // every block has its own shared memory
  if ((earlier.atomic && later.atomic) || ordered(earlier, later)) return;
  Detector& d = detector();
  const std::pair<uint32_t, uint32_t> key = std::minmax(earlier.program_counter, later.program_counter);
  if (d.reports.size() >= kMostReports || d.reports.count(key)) return;
  d.reports[key] = std::string("data race (") + (earlier.block == later.block ? "no barrier between" : "two blocks") +
                   ") on " + place_of(address) + describe(earlier, earlier_write) + describe(later, later_write);
}

void access_cell(uintptr_t address, uint8_t bytes, bool write, bool atomic, uint32_t pc, bool shared, bool of_block) {
  Detector& d = detector();
  const uint16_t thread = machine().current->linear;
  Cell& c = d.cell(address);
  const Access now{d.block,
                   d.barriers,
                   d.clocks[thread / 32][thread % 32][thread % 32],
                   d.thread_fences[thread],
                   d.blocks.back().fences,
                   pc,
                   thread,
                   bytes,
                   atomic};
  if (shared) {
    if (c.written_in != d.block) c.written_in = d.block, c.written = 0;
    if ((!write || atomic) && (c.written & bytes) != bytes && d.reports.size() < kMostReports)
      d.reports[{pc, 0}] = "read of uninitialised " + place_of(address) + describe(now, false);
    if (write) c.written |= bytes;
  }
  compare(address, c.write, true, now, write, of_block);
  if (write) {
    compare(address, c.read, false, now, true, of_block);
    compare(address, c.other_read, false, now, true, of_block);
    c.write = now;
    return;
  }
  // Two readers are kept, of two warps if possible: a later write then meets at least one it is not ordered with.
  const auto current = [&](const Access& r) { return r.block == d.block && r.barriers == d.barriers; };
  if (!current(c.read) || c.read.thread == thread)
    c.read = now;
  else if (!current(c.other_read) || c.other_read.thread == thread || c.other_read.thread / 32 == c.read.thread / 32)
    c.other_read = now;
}

void access(const volatile void* pointer, size_t bytes, bool write, bool atomic, void* return_address) {
  if (!in_kernel()) return;
  const Machine& m = machine();
  const void* p = const_cast<const void*>(pointer);
  if (m.fibers.contains(p)) return;  // a local variable
  const auto address = reinterpret_cast<uintptr_t>(p);
  const auto pc = uint32_t(reinterpret_cast<uintptr_t>(return_address) - program_base());
  const bool shared = m.shared.contains(p);
  // Plain __shared__ arrays are variables of the program.
  const bool of_block = shared || (address >= uintptr_t(&__data_start) && address < uintptr_t(&_end));
  for (uintptr_t a = address, end = address + bytes; a < end;) {
    const uintptr_t cell = a & ~uintptr_t(3), stop = std::min(end, cell + 4);
    const auto mask = uint8_t(((1u << (stop - cell)) - 1) & ~((1u << (a - cell)) - 1));
    access_cell(cell, mask, write, atomic, pc, shared, of_block);
    a = stop;
  }
}

}  // namespace

bool race_checked() { return true; }

void race_launch_begins() {
  Detector& d = detector();
  d.first_block = d.block + 1;
  d.blocks.clear();
  d.reports.clear();
}

void race_block_begins(uint3 index) {
  Detector& d = detector();
  ++d.block;
  d.blocks.push_back({index, 0});
  d.barriers = 0;
  d.block_had_atomic = false;
  std::memset(d.thread_fences, 0, sizeof d.thread_fences);
  std::memset(d.thread_atomics, 0, sizeof d.thread_atomics);
  std::memset(d.clocks, 0, sizeof d.clocks);
  for (auto& warp : d.clocks)
    for (int lane = 0; lane < 32; ++lane) warp[lane][lane] = 1;
}

void race_barrier() { ++detector().barriers; }

void race_warp_sync(int warp, unsigned lanes) {
  auto& clocks = detector().clocks[warp];
  uint32_t joined[32] = {};
  for (unsigned m = lanes; m; m &= m - 1) {
    const int lane = __builtin_ctz(m);
    ++clocks[lane][lane];
    for (int k = 0; k < 32; ++k) joined[k] = std::max(joined[k], clocks[lane][k]);
  }
  for (unsigned m = lanes; m; m &= m - 1) std::memcpy(clocks[__builtin_ctz(m)], joined, sizeof joined);
}

void race_fence(bool device_wide) {
  Detector& d = detector();
  ++d.thread_fences[machine().current->linear];
  if (device_wide) ++d.blocks.back().fences;
}

void race_atomic(const volatile void* p, size_t bytes, void* return_address) {
  access(p, bytes, true, true, return_address);
  detector().block_had_atomic = true;
  ++detector().thread_atomics[machine().current->linear];
}

std::string race_report() {
  std::string all;
  for (const auto& [key, text] : detector().reports) all += (all.empty() ? "" : "\n") + text;
  detector().reports.clear();
  return all;
}

}  // namespace segue::simt

// What the compiler calls.
#define SEGUE_TSAN_ENTRY(kind, write)                                                                      \
  void __tsan_##kind##1(void* p) { segue::simt::access(p, 1, write, false, __builtin_return_address(0)); } \
  void __tsan_##kind##2(void* p) { segue::simt::access(p, 2, write, false, __builtin_return_address(0)); } \
  void __tsan_##kind##4(void* p) { segue::simt::access(p, 4, write, false, __builtin_return_address(0)); } \
  void __tsan_##kind##8(void* p) { segue::simt::access(p, 8, write, false, __builtin_return_address(0)); } \
  void __tsan_##kind##16(void* p) { segue::simt::access(p, 16, write, false, __builtin_return_address(0)); }
extern "C" {
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
SEGUE_TSAN_ENTRY(read, false)
SEGUE_TSAN_ENTRY(write, true)
SEGUE_TSAN_ENTRY(unaligned_read, false)
SEGUE_TSAN_ENTRY(unaligned_write, true)
SEGUE_TSAN_ENTRY(volatile_read, false)
SEGUE_TSAN_ENTRY(volatile_write, true)
void __tsan_read_range(void* p, unsigned long n) {
  segue::simt::access(p, n, false, false, __builtin_return_address(0));
}
void __tsan_write_range(void* p, unsigned long n) {
  segue::simt::access(p, n, true, false, __builtin_return_address(0));
}
}
#undef SEGUE_TSAN_ENTRY
