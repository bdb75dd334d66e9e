// Runs CUDA kernels on the CPU, thread by thread, to test them where there is no GPU. A kernel's source is compiled a
// second time by the host compiler (see language.h); the threads of a block are fibers, one block runs at a time, and
// an explicit scheduler decides who goes on. Everything is deterministic for a given schedule.
#pragma once

#include <vector_types.h>  // uint3, dim3: the CUDA toolkit's, plain C++

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace segue::simt {

/// In which order threads that could run do run; blocks too.
enum class Order : uint8_t { ascending, descending, random };

struct Options {
  Order order = Order::ascending;
  uint64_t seed = 1;                     ///< of Order::random
  int64_t max_blocks = 3;                ///< grid of grid-stride loops: see gpu::max_blocks()
  size_t max_shared_bytes = 227 * 1024;  ///< of one block, as on sm_90
  size_t max_static_bytes = 48 * 1024;   ///< declared arrays alone: the toolkit's limit
  uint64_t max_spins = 1u << 20;         ///< failed waits in a row before "livelock"
};
Options& options();

/// Every diagnosis. The executor stays usable after it.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Launch {
  const char* name;
  dim3 grid, block;
  size_t smem = 0;
};
/// Runs kernel(argument) in every thread of the launch. Throws Error.
void run(const Launch& launch, void (*kernel)(void*), void* argument);

/// Calls f(name) under five schedules: ascending, descending, three random ones.
template <class F>
void for_each_schedule(F&& f) {
  struct Restore {
    Options saved = options();
    ~Restore() { options() = saved; }
  } restore;
  options().order = Order::ascending;
  f("ascending");
  options().order = Order::descending;
  f("descending");
  options().order = Order::random;
  for (uint64_t i = 1; i <= 3; ++i) {
    options().seed = 0x9e3779b97f4a7c15ull * i;
    f("random");
  }
}

/// Work done since the program started.
struct Stats {
  uint64_t launches = 0, blocks = 0, threads = 0, switches = 0, barriers = 0, collectives = 0;
  size_t dynamic_shared_bytes = 0;  // of the last launch that asked for any
};
const Stats& stats();

/// True in a program whose kernels were compiled for the race detector.
bool race_checked();

// What language.h calls on behalf of a kernel. `file` and `line` are those of the call in the kernel.

struct Site {
  const char* file;
  int line;
};

enum class Vote : uint8_t { none, count, all, any };
/// __syncthreads and its voting forms.
int barrier(Vote vote, int predicate, Site site);

enum class WarpOp : uint8_t {
  sync,
  shuffle,
  shuffle_up,
  shuffle_down,
  shuffle_xor,
  ballot,
  any,
  all,
  match_any,
  add,
  min_unsigned,
  max_unsigned,
  min_signed,
  max_signed,
  bit_and,
  bit_or,
  bit_xor
};
/// A rendezvous of the lanes in `mask`; each lane gets its result. Values travel as the low bytes of 64 bits.
uint64_t warp_collective(WarpOp op, unsigned mask, uint64_t value, int parameter, int width, Site site);
/// The calling lane alone: the least that the hardware may answer.
unsigned active_mask();
/// Lets others run: a thread waits for something by polling.
void yield(Site site);
void fence(bool device_wide);
[[noreturn]] void kernel_error(const std::string& message, Site site);

/// Where a shared array lies in the running block; static in the kernel.
struct SharedSlot {
  uint64_t block = 0;
  void* data = nullptr;
};
void* shared_array(SharedSlot& slot, size_t bytes, size_t align, const char* name, const char* file, int line);
void* dynamic_shared(size_t align);

}  // namespace segue::simt
