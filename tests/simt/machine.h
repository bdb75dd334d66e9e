// State of the executor, shared by its parts: scheduler, warps, shared memory, reports.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "fiber.h"
#include "simt.h"

namespace segue::simt {

constexpr int kMaxThreads = 1024;

enum class State : uint8_t { fresh, ready, running, in_warp, at_barrier, done };

struct Thread {
  Fiber* fiber = nullptr;
  uint3 index{};
  uint16_t linear = 0;
  uint8_t warp = 0, lane = 0;
  State state = State::fresh;
  // of the collective or barrier that it waits in
  WarpOp op{};
  uint8_t width = 32;
  unsigned mask = 0;
  int parameter = 0;
  uint64_t value = 0, result = 0;
  Site site{};
};

struct Warp {
  unsigned exists = 0, exited = 0, waiting = 0;
};

/// One declared shared array of the running block.
struct SharedItem {
  const char* name;
  char* data;
  size_t bytes;
};

/// Shared memory of the running block: every array lies between two red zones and starts as NaN.
class SharedMemory {
 public:
  SharedMemory();
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  void begin_block(size_t dynamic_bytes);
  /// Empty, or which red zone was written to.
  std::string check() const;
  void* add(const char* name, size_t bytes, size_t align, Site site);
  char* dynamic() const { return dynamic_; }
  size_t dynamic_bytes() const { return dynamic_bytes_; }
  uint64_t block() const { return block_; }
  bool contains(const void* p) const;
  /// The array that p lies in, or null.
  const SharedItem* find(const void* p) const;

 private:
  char* take(const char* name, size_t bytes, size_t align);

  char* memory_;
  size_t used_ = 0, static_bytes_ = 0, dynamic_bytes_ = 0;
  char* dynamic_ = nullptr;
  uint64_t block_ = 0;
  std::vector<SharedItem> items_;
};

struct Machine {
  void (*kernel)(void*) = nullptr;
  const char* name = "";  // of the launch
  void* argument = nullptr;
  int threads = 0, alive = 0, exited = 0, at_barrier = 0;
  Thread* current = nullptr;
  Fiber* fiber = nullptr;
  Fiber host;
  std::vector<uint16_t> ready;  // a stack: the next to run is at its back
  std::array<Thread, kMaxThreads> thread;
  std::array<Warp, kMaxThreads / 32> warp;
  FiberPool fibers{kMaxThreads + 1};
  SharedMemory shared;
  Vote vote = Vote::none;
  int vote_value = 0, vote_result = 0;
  uint64_t spins = 0, random = 1;
  bool failed = false;
  std::string error;
  Stats stats;
};
/// Made at the first launch.
Machine& machine();
/// False on the host, outside any kernel.
bool in_kernel();

// scheduler (executor.cpp)
void make_ready(const uint16_t* threads, int count);
/// The current thread waits: others run until somebody makes it ready and its turn comes.
void block_current();
/// Ends the launch with an error: unwinds the kernel by throwing Abandoned.
[[noreturn]] void abandon(std::string error);
struct Abandoned {};
void resume(Fiber* fiber);
void leave_for_host();

// warp.cpp
/// After a lane has exited: collectives that only waited for it complete.
void warp_lane_exited(int warp);

// report.cpp
std::string name_of(const Thread& t);
std::string name_of(Site site);
const char* name_of(WarpOp op);
std::string deadlock_report();

// race.cpp, or race_off.cpp
void race_launch_begins();
void race_block_begins(uint3 block);
void race_barrier();
void race_warp_sync(int warp, unsigned lanes);
void race_fence(bool device_wide);
void race_atomic(const volatile void* p, size_t bytes, void* return_address);
/// What was found since the launch began; empty if nothing.
std::string race_report();

}  // namespace segue::simt
